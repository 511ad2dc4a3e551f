"""Zeno's backtest engine side by side with others: the same bars, rule, costs and cash, each in its own process.

``work`` makes the bars, ``oracle`` says what is right to the last digit, ``environments`` installs each peer by itself,
``entries`` lists who does what, ``table`` prints. The scripts in ``peers`` know nothing of Zeno.
"""
