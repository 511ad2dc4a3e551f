"""What a study may conclude: intervals, the odds of luck and of overfitting, turnover and capacity.

    block_length   how long the blocks of a bootstrap should be
    sharpe         an interval of the Sharpe ratio, and the deflated one of the best of several trials
    overfitting    the probability that the best trial was chosen for its noise
    capacity       how much money a strategy bears
    difference     an interval of the difference of two Sharpe ratios
    conditional    the Sharpe ratio within regimes, with its interval
    stitching      one out-of-sample history from folds

Pure functions of arrays. Statistics of a single run, with their reasons where they do not exist, are in
``backtest.tearsheet``.
"""
