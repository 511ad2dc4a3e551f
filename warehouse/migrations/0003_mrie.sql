-- @global mrie.readings
CREATE TABLE IF NOT EXISTS mrie.readings
(
    run_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The run that computed the row: a hash of its inputs and code, or a name of its own.',
    month Date32 COMMENT 'The month that the reading is about: its first day.',
    data_month Date32 COMMENT 'Last month of the data used: its first day.',
    known_at DateTime64(6, 'UTC') CODEC(Delta(8), ZSTD(1)) COMMENT 'When everything that the reading used was known. Unit: us.',
    model LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The model, or combination of models, that gives p_combined.',
    p_hmm Nullable(Float64) COMMENT 'Filtered recession probability of the hidden Markov model. Unit: probability.',
    p_ms Nullable(Float64) COMMENT 'Filtered recession probability of the Markov regression. Unit: probability.',
    p_combined Float64 COMMENT 'Recession probability of both together. Unit: probability.',
    low Nullable(Float64) COMMENT 'Lower end of the band around p_combined. Unit: probability.',
    high Nullable(Float64) COMMENT 'Upper end of the band around p_combined. Unit: probability.',
    regime LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Name of the most probable regime.',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When the row was written. Unit: us.'
)
ENGINE = MergeTree
ORDER BY (run_id, month)
COMMENT 'One row per run and month read. Rows are only added; readers take the latest run recorded by the moment they ask about.';

-- @global mrie.fits
CREATE TABLE IF NOT EXISTS mrie.fits
(
    run_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The run that computed the row: a hash of its inputs and code, or a name of its own.',
    model LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The model fitted.',
    refit_month Date32 COMMENT 'Last month of the data fitted on: its first day.',
    restarts UInt64 COMMENT 'Starts of the optimiser. Unit: starts.',
    likelihood_best Float64 COMMENT 'Log-likelihood of the best start. Unit: nats.',
    likelihood_spread Nullable(Float64) COMMENT 'Best less worst log-likelihood of the starts. Unit: nats.',
    converged Bool COMMENT 'Whether the best start converged.',
    seed Int64 COMMENT 'Seed of the starts.',
    parameters_sha256 String COMMENT 'Hash of the fitted parameters. SHA-256, in hex.',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When the row was written. Unit: us.'
)
ENGINE = MergeTree
ORDER BY (run_id, model, refit_month)
COMMENT 'One row per run, model and refit. Rows are only added; readers take the latest run recorded by the moment they ask about.';

-- @global mrie.edges
CREATE TABLE IF NOT EXISTS mrie.edges
(
    run_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The run that computed the row: a hash of its inputs and code, or a name of its own.',
    edge LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The edge as cause->effect.',
    cause LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The causing node.',
    effect LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The node acted on.',
    sign Int64 COMMENT 'Declared sign: 1 or -1.',
    lag_months UInt64 COMMENT 'Declared lag. Unit: months.',
    status Enum8('holds' = 0, 'failed' = 1, 'withdrawn' = 2) COMMENT 'What became of it.',
    failed String COMMENT 'The conditions that failed, or why it was withdrawn; else empty.',
    beta_first Nullable(Float64) COMMENT 'Estimate in the first half. Unit: effect units a cause unit.',
    t_first Nullable(Float64) COMMENT 'Its t with HAC errors. Unit: t ratio.',
    beta_second Nullable(Float64) COMMENT 'Estimate in the second half. Unit: effect units a cause unit.',
    t_second Nullable(Float64) COMMENT 'Its t with HAC errors. Unit: t ratio.',
    eras_with_sign UInt64 COMMENT 'Eras whose estimate has the declared sign. Unit: eras.',
    opposite_eras UInt64 COMMENT 'Pairs of periods whose estimates differ in sign, both significantly. Unit: pairs.',
    gain_out_of_sample Nullable(Float64) COMMENT 'Share of squared forecast error removed. Unit: share.',
    placebo_rate Nullable(Float64) COMMENT 'Share of phase-randomised causes that pass. Unit: share.',
    placebos UInt64 COMMENT 'Phase-randomised causes tried. Unit: placebos.',
    evidence String COMMENT 'Every metric of the evaluation, as canonical JSON.',
    predicate_sha256 String COMMENT 'Hash of the predicate judged by. SHA-256, in hex.',
    data_sha256 String COMMENT 'Hash of the months and values used. SHA-256, in hex.',
    data_month Date32 COMMENT 'Last month of the data used: its first day.',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When the row was written. Unit: us.'
)
ENGINE = MergeTree
ORDER BY (run_id, edge)
COMMENT 'One row per run and causal edge. Rows are only added; readers take the latest run recorded by the moment they ask about.';

-- @global mrie.claims
CREATE TABLE IF NOT EXISTS mrie.claims
(
    claim_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The claim: a slug, with its version.',
    event_id String COMMENT 'committed, withdrawn, or the hash of what was evaluated.',
    event Enum8('committed' = 0, 'evaluated' = 1, 'withdrawn' = 2) COMMENT 'What happened.',
    statement String COMMENT 'What is claimed, in words; with the commitment, else empty.',
    predicate String COMMENT 'Canonical JSON of what decides it; with the commitment.',
    predicate_sha256 String COMMENT 'Hash of the predicate in force. SHA-256, in hex.',
    verdict LowCardinality(String) COMMENT 'holds, failed or withdrawn; empty for a commitment.',
    evidence String COMMENT 'Canonical JSON of the metrics judged; empty unless evaluated.',
    data_sha256 String COMMENT 'Hash of the data evaluated on, in hex; else empty.',
    reason String COMMENT 'Why it failed or was withdrawn; else empty.',
    run_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The run that computed the row: a hash of its inputs and code, or a name of its own.',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When the row was written. Unit: us.'
)
ENGINE = MergeTree
ORDER BY (claim_id, event_id)
COMMENT 'One row per event of a claim. The claims ledger: a claim\'s commitment comes first and cannot be repeated with another predicate. Rows are only added. A claim\'s state is the fold of its events in the order of recorded_at.';

-- @global mrie.scenarios
CREATE TABLE IF NOT EXISTS mrie.scenarios
(
    run_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The run that computed the row: a hash of its inputs and code, or a name of its own.',
    scenario LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Name of the scenario.',
    sense Enum8('forecast' = 0, 'conditioned' = 1, 'intervened' = 2) COMMENT 'Nothing assumed; a path observed and everything consistent with it; or a path set by hand.',
    node LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The variable.',
    step UInt64 COMMENT 'Months ahead, from 1. Unit: months.',
    month Date32 COMMENT 'The month described: its first day.',
    value Float64 COMMENT 'The path. Unit: as the node says.',
    low Float64 COMMENT 'Lower end of the band. Unit: as the node says.',
    high Float64 COMMENT 'Upper end of the band. Unit: as the node says.',
    baseline Float64 COMMENT 'The path without the condition or intervention. Unit: as the node says.',
    level Float64 COMMENT 'Nominal coverage of the band. Unit: probability.',
    band LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'How the band was made: conformal or bootstrap.',
    assumptions String COMMENT 'Conditions or interventions, as canonical JSON.',
    data_month Date32 COMMENT 'Last month of the data used: its first day.',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When the row was written. Unit: us.'
)
ENGINE = MergeTree
ORDER BY (run_id, scenario, node, step)
COMMENT 'One row per run, scenario, node and month ahead. Rows are only added; readers take the latest run recorded by the moment they ask about.';

-- @global mrie.validations
CREATE TABLE IF NOT EXISTS mrie.validations
(
    run_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The run that computed the row: a hash of its inputs and code, or a name of its own.',
    model LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'What was validated.',
    metric LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Name of the measure.',
    window String COMMENT 'The months measured over, such as 1973-01..2022-09.',
    value Float64 COMMENT 'Its value. Unit: as the metric says.',
    low Nullable(Float64) COMMENT 'Lower end of its confidence interval. Unit: as the metric says.',
    high Nullable(Float64) COMMENT 'Upper end of its confidence interval. Unit: as the metric says.',
    observations UInt64 COMMENT 'What it was computed from. Unit: observations.',
    detail String COMMENT 'How it was measured, for a person.',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When the row was written. Unit: us.'
)
ENGINE = MergeTree
ORDER BY (run_id, model, metric, window)
COMMENT 'One row per run, model, metric and window. Rows are only added; readers take the latest run recorded by the moment they ask about.';
