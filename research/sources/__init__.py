"""The warehouse as researchers' frameworks see it: the same rows as its readers give, in Spark and in Dask.

    plan      what to read, cut into parts: a shard's symbols, over a stretch of time
    spark     a Spark data source over these parts, and a session that it works in
    options   a query as the text options of that source
    dask      a Dask data frame over these parts

Workers read their parts from the warehouse themselves; no rows pass through a driver or a scheduler. Nothing is
imported here, so that who uses one framework does not load the other.
"""
