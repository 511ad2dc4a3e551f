"""A driver process for tests: ``python study_driver.py HOME STUDY EXECUTOR WORKERS``; prints the state it ends in."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> None:
    import study_kinds
    from builders import make_settings

    from research.executors import executor
    from research.store import StudyStore
    from research.study import Studies
    from warehouse.store import connect

    study_kinds.register()
    home, study, where, workers = sys.argv[1:5]
    settings = make_settings(Path(home))
    studies = Studies(StudyStore(connect(settings)), settings)
    print("driving", flush=True)
    print(studies.drive(study, lambda: executor(where, int(workers))).state, flush=True)


if __name__ == "__main__":
    main()
