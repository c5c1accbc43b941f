"""Stack local keeps to itself; any other stack keeps what the user has."""

import json
from pathlib import Path

import pytest

from engine.environment import changes, left_over, stack_environment
from engine.layout import Layout


@pytest.fixture
def clone(tmp_path: Path) -> Layout:
    """A clone whose engine was chosen."""
    layout = Layout(tmp_path)
    layout.tools.mkdir()
    (layout.tools / "engine.json").write_text(json.dumps({"folder": "/opt/pulumi"}))
    return layout


def test_local_never_uses_the_users_home(clone: Layout) -> None:
    base = {"PATH": "/usr/bin", "HOME": "/home/u", "PULUMI_ACCESS_TOKEN": "t", "PULUMI_HOME": "/home/u/.pulumi"}
    result = stack_environment("local", clone, base)
    assert result["PULUMI_HOME"] == str(clone.root / ".pulumi-home")
    assert result["PULUMI_BACKEND_URL"] == f"file://{clone.root}/.pulumi-home/backend"
    assert result["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert result["HOME"] == "/home/u"


def test_other_stacks_keep_the_users_login_and_plugins(clone: Layout) -> None:
    changed = set(changes("dev", clone, {"PATH": "/usr/bin"}))
    assert changed == {"PATH", "PULUMI_SKIP_UPDATE_CHECK", "PIP_DISABLE_PIP_VERSION_CHECK"}


def test_virtual_environment_and_engine_come_first_on_path_once(clone: Layout) -> None:
    once = stack_environment("dev", clone, {"PATH": "/usr/bin::/bin"})
    twice = stack_environment("dev", clone, once)
    assert once["PATH"] == f"{clone.root}/.venv/bin:/opt/pulumi:/usr/bin:/bin"
    assert twice == once


def test_this_machine_is_never_asked_through_a_proxy(clone: Layout) -> None:
    base = {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "localhost,.example.org"}
    result = stack_environment("local", clone, base)
    assert result["NO_PROXY"] == "localhost,.example.org,127.0.0.1"
    assert result["no_proxy"] == "127.0.0.1,localhost"


def test_a_second_emulators_stack_is_kept_as_local_is(clone: Layout) -> None:
    assert changes("local-2", clone, {}) == changes("local", clone, {})
    assert "PULUMI_HOME" not in changes("localities", clone, {})


def test_what_another_stack_left_in_the_shell_is_taken_out_again(clone: Layout) -> None:
    shell = stack_environment("local", clone, {"PATH": "/usr/bin"})
    assert set(left_over("dev", clone, shell)) >= {"PULUMI_HOME", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"}
    assert left_over("local-2", clone, shell) == []
    assert left_over("dev", clone, {"PULUMI_HOME": "/home/u/.pulumi"}) == []


def test_a_built_engine_is_not_asked_for_code_it_cannot_write(clone: Layout) -> None:
    assert "PULUMI_OPTION_GENERATE_CODE" not in changes("dev", clone, {}), "an engine from PATH"
    own = clone.tools / "pulumi" / "bin"
    own.mkdir(parents=True)
    (clone.tools / "engine.json").write_text(json.dumps({"folder": str(own)}))
    assert changes("dev", clone, {})["PULUMI_OPTION_GENERATE_CODE"] == "false"
    (own / "pulumi-language-nodejs").write_text("")
    assert "PULUMI_OPTION_GENERATE_CODE" not in changes("dev", clone, {}), "an official release"
