"""One driver a study: it is told who drives, and those who only look are in nobody's way."""

import fcntl
import os
import threading

import pytest
from builders import make_settings

from research.lock import driving, is_driven
from zeno.errors import StudyError


@pytest.fixture
def settings(tmp_path):
    return make_settings(tmp_path)


def test_the_second_driver_is_told_which_process_is_the_first(settings):
    with driving("a", settings):
        assert is_driven("a", settings)
        assert not is_driven("b", settings)
        with pytest.raises(StudyError, match=rf"driven by process {os.getpid()}\."), driving("a", settings):
            pass
    assert not is_driven("a", settings)


def test_the_name_of_an_earlier_driver_is_forgotten(settings):
    (settings.home / "locks").mkdir()
    (settings.home / "locks" / "study-a").write_text("4194304999")
    with driving("a", settings), pytest.raises(StudyError, match=rf"process {os.getpid()}\."), driving("a", settings):
        pass


def test_two_who_look_at_once_do_not_take_each_other_for_the_driver(settings, monkeypatch):
    with driving("a", settings):
        pass
    genuine, seen = fcntl.flock, []

    def flock(handle, how):
        genuine(handle, how)
        if not seen:
            seen.append("looking")
            seen.append(is_driven("a", settings))

    monkeypatch.setattr("research.lock.fcntl.flock", flock)
    assert not is_driven("a", settings)
    assert seen == ["looking", False]


def test_who_looks_at_the_moment_of_a_start_does_not_stop_the_driver(settings, monkeypatch):
    with driving("a", settings):
        pass
    genuine, started = fcntl.flock, []

    def drive():
        with driving("a", settings):
            started.append(True)

    driver = threading.Thread(target=drive)

    def flock(handle, how):
        genuine(handle, how)
        if driver.ident is None:
            driver.start()
            driver.join(0.02)

    monkeypatch.setattr("research.lock.fcntl.flock", flock)
    is_driven("a", settings)
    driver.join(5)
    assert started == [True]
