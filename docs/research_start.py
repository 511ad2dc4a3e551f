"""Where a researcher starts: bars, ticks and macro series as they were known at a moment, as pandas frames.

Run it after `make demo`:  .venv/bin/python docs/research_start.py
"""

from datetime import UTC, datetime, timedelta

from warehouse import connect, read_bars, read_macro, read_trades

warehouse = connect()  # starts the embedded ClickHouse if it is down
now = datetime.now(UTC)
day = (datetime(2013, 9, 2, 22, tzinfo=UTC), datetime(2013, 9, 3, 18, 51, tzinfo=UTC))

# 1. One surface over five resolutions: "tick", "1s", "1m", "1h", "1d". Prices are exact decimals.
minutes = read_bars(["ES"], "1m", *day, as_of=now, warehouse=warehouse).to_pandas().set_index("ts")

print(minutes[["open", "high", "low", "close", "volume", "vwap"]].tail().to_string())

# 2. Down to the trades behind a bar.
last = minutes.index[-1]
ticks = read_trades(["ES"], last, last + timedelta(minutes=1), as_of=now, warehouse=warehouse)
print(f"{ticks.num_rows} trades in the last minute; the bar says {minutes['trades'].iloc[-1]}")

# 3. Vendor bars of stocks, by session.
apple = read_bars(["AAPL"], "1d", datetime(2020, 1, 1, tzinfo=UTC), now, as_of=now, source="us_equities_daily",
                  warehouse=warehouse).to_pandas()  # fmt: skip
print(apple[["ts", "adj_close"]].tail(3))

# 4. What was known then: payrolls for April 2016, before and after a revision.
for as_of in (datetime(2016, 7, 1, tzinfo=UTC), datetime(2016, 8, 1, tzinfo=UTC)):
    payrolls = read_macro(["PAYEMS"], as_of=as_of, source="frbny_nowcast_vintages", warehouse=warehouse).to_pandas()
    april = payrolls[payrolls["period"].astype(str) == "2016-04-01"]
    print(f"PAYEMS for 2016-04 as of {as_of:%Y-%m-%d}: {april['value'].item():,.0f} thousand")

# 5. Anything else is SQL.
print(
    warehouse.client().arrow("SELECT source, count() AS rows FROM raw.bars GROUP BY source ORDER BY source").to_pandas()
)
