"""What the engine says: the kinds of journal rows, and what their words mean.

A row is eight 64-bit words: event time (µs UTC), kind + 256 * instrument, order id, quantity, price, fee, reference,
cash. The table below says what a kind puts there; a word not named is 0. Quantities are signed, buying is positive.

    SUBMIT   an order was accepted      quantity; limit price; type + 16 * time in force + 256 * parent; stop or trail
    REJECT   an order was refused       quantity; reason in ``fee``
    TRIGGER  a stop was touched         quantity left; the stop's price
    FILL     an order traded            quantity; price; fee; the price before slippage; cash afterwards
    CANCEL   an order ended unfilled    quantity left; reason in ``fee``
    CASH     money moved without trade  amount in ``price``; reason in ``fee``; cash afterwards
    SPLIT    a position was rescaled    position afterwards; numerator in ``price``; denominator in ``fee``
    RATE     a currency was revalued    its number in ``quantity``; units of 1e-9 of the account's in ``price``
"""

SUBMIT, REJECT, TRIGGER, FILL, CANCEL, CASH, SPLIT, RATE = 1, 2, 3, 4, 5, 6, 7, 8
KINDS = {1: "submit", 2: "reject", 3: "trigger", 4: "fill", 5: "cancel", 6: "cash", 7: "split", 8: "rate"}

# Why an order was refused.
TOO_LARGE, NO_ROOM, BAD_QUANTITY, NO_MARGIN, BAD_PRICE = 1, 2, 3, 4, 5
REJECTIONS = {1: "beyond the position limit", 2: "no room for another order", 3: "quantity is zero",
              4: "not enough margin", 5: "a price is missing or out of bounds"}  # fmt: skip

# Why an order ended unfilled.
BY_STRATEGY, BY_SIBLING, BY_TIME, NOT_AT_ONCE, BY_PARENT, BY_CHILD, BY_SPLIT = 1, 2, 3, 4, 5, 6, 7
CANCELLATIONS = {1: "the strategy cancelled it", 2: "a sibling filled", 3: "its day ended",
                 4: "not filled at once", 5: "its parent ended",
                 6: "a child closed what it had filled", 7: "a split left nothing of it"}  # fmt: skip

# Why money moved.
BORROW, INTEREST, DIVIDEND, DEPOSIT, IN_LIEU = 1, 2, 3, 4, 5
CASH_REASONS = {1: "borrow", 2: "interest", 3: "dividend", 4: "deposit", 5: "cash in lieu"}

WIDTH = 8
"""Words in a row."""
