"""Run benchmarks: ``python -m benchmarks [load storage bars node rebuild engine studies mrie …] [--json]``."""

import argparse
import importlib
import json

from benchmarks.common import machine

NAMES = ("node", "load", "storage", "bars", "rebuild", "engine", "studies", "study_kills", "mrie")


def main() -> None:
    """Run the named benchmarks, or all, each in turn."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which; all by default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    results = {}
    for name in arguments.names or NAMES:
        figures = importlib.import_module(f"benchmarks.{name}").run()
        results[name] = figures.values
        if not arguments.json:
            print(f"\n{name}  ({machine()})")
            if figures.table:
                print(figures.table)
                continue
            for key, value in figures.values.items():
                print(f"  {key:40} {value:>14,}" if not isinstance(value, str) else f"  {key:40} {value}")
    if arguments.json:
        print(json.dumps({"machine": machine(), "figures": results}, indent=2))


if __name__ == "__main__":
    main()
