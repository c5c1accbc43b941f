"""The fixtures for pytest, in a process of their own as another project has them, and the example project."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.support.emulator import ROOT
from tests.support.patience import PATIENCE

EXAMPLE = ROOT / "examples" / "pytest"
PLUGIN = ("-p", "emulator.testing.plugin")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project in which the package can be imported, and whose temporary files are in its folder."""
    pytester.makeini("[pytest]")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (pytester.path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(pytester.path / "temporary"))
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    done = project.run(sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", *options, timeout=PATIENCE)
    assert [path.name for path in (project.path / "temporary").iterdir() if "gcp-emulator" in path.name] == []
    return done


def test_a_test_has_the_emulator_for_itself_and_a_failed_one_tells_what_it_asked(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_bucket(gcp_emulator, gcp_bucket, number):
            path = f"/storage/v1/b?project={gcp_emulator.project}"
            assert [each["name"] for each in gcp_emulator.request("GET", path)["items"]] == ["bucket"]
            assert os.environ["STORAGE_EMULATOR_HOST"] == gcp_emulator.url

        def test_failed(gcp_emulator, gcp_fault):
            gcp_fault("storage.buckets.get", code=503)
            gcp_emulator.request("GET", "/storage/v1/b/doe-john")

        @pytest.mark.parametrize("trouble", [True, False])
        def test_trouble(gcp_emulator, gcp_dataset, gcp_trouble, trouble):
            if trouble:
                gcp_trouble("calm", seed=3, lags={"initialization": [60, 60]})
                datasets = f"/v1/{gcp_dataset.name.rpartition('/')[0]}"
                gcp_emulator.request("POST", f"{datasets}?datasetId=young", {})
                with pytest.raises(Exception, match="404: dataset not initialized"):
                    gcp_emulator.request("GET", f"{datasets}/young")
            assert gcp_emulator.request("GET", "/_emulator/trouble")["profile"] == ("calm" if trouble else "")

        def test_hospital(gcp_emulator, gcp_hospital):
            hospital = gcp_hospital(patients=2, seed=5)
            studies = gcp_emulator.request("GET", f"/v1/{hospital.places.dicom}/dicomWeb/studies")
            visits = [visit for story in hospital.stories for visit in story.visits]
            assert {each["0020000D"]["Value"][0] for each in studies} == {visit.study for visit in visits}

        def test_none():
            assert "STORAGE_EMULATOR_HOST" not in os.environ
            assert False
        """
    )
    done = run(project, "--gcp-emulator-log")
    done.assert_outcomes(passed=5, failed=2)
    done.stdout.re_match_lines(
        [r"-+ Requests to the emulator -+", r".* 503 +[0-9.]+ ms storage\.buckets\.get by user:"]
    )
    assert sum("Requests to the emulator" in line for line in done.outlines) == 1
    assert "doe-john" not in "".join(line for line in done.outlines if " ms " in line)


def test_without_the_option_nothing_is_attached_and_without_fixtures_nothing_starts(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_failed():
            assert "duckdb" in sys.modules or "emulator.app" in sys.modules
        """
    )
    done = run(project)
    done.assert_outcomes(failed=1)
    assert "Requests to the emulator" not in done.stdout.str()


def test_the_example_runs_with_a_worker_per_core(project: pytest.Pytester) -> None:
    for path in EXAMPLE.glob("*.py"):
        shutil.copy(path, project.path)
    done = run(project, "-n", "2", "--gcp-emulator-log", "-q")
    done.assert_outcomes(passed=8)
