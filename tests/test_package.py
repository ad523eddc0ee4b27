"""What pip installs is whole, and every command runs from it in an empty folder, without a checkout.

The wheel is built once and installed, with its console script, into an environment of its own that borrows all other
packages from the one that runs the tests.
"""

import ast
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import farm
from farm.version import DISTRIBUTION
from tests.analysis.calibration.test_fit_and_check import made_up
from tests.paths import ROOT

SOURCES = ("farm", "conf", "pyproject.toml", "setup.py", "README.md", "LICENSE")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SMALL = (
    "dataset.n_demonstrations=64", "dataset.n_preference=48", "dataset.n_unlabeled=16", "dataset.n_evaluation=8",
    "dataset.n_validation=8", "reward_model.n_held_out=8",
)  # fmt: skip
"""A chain of seconds."""


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; fails with it where the command fails."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Installed(NamedTuple):
    """An environment with the wheel in it."""

    python: Path
    farm: Path
    folder: Path
    """Empty at first; commands run in it one after the other."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packed, for builds leave files behind."""
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        path = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(path, folder / name, ignore=ignored) if path.is_dir() else shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", folder, source, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # Paths in a .pth are searched, but their own .pth files, an editable farm's among them, are not read.
    (packages / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--ignore-installed")
    run(*pip, wheel, cwd=folder)
    empty = tmp_path_factory.mktemp("empty")
    made_up(60).to_json(empty / "labels.json", orient="records")
    return Installed(python, folder / "bin" / "farm", empty)


def tracked(*folders: str) -> set[str]:
    return set(run("git", "ls-files", "--cached", "--others", "--exclude-standard", *folders, cwd=ROOT).split())


@pytest.mark.slow
def test_the_wheel_holds_what_git_tracks_of_the_package_and_its_settings(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        (top_level,) = [name for name in archive.namelist() if name.endswith("top_level.txt")]
        assert archive.read(top_level).decode().split() == ["farm"]
    expected = {f"farm/{name}" if name.startswith("conf/") else name for name in tracked("farm", "conf")}
    expected = {name for name in expected if (ROOT / name.replace("farm/conf/", "conf/")).exists()}
    assert len(expected) > 400
    assert names == expected


@pytest.mark.slow
def test_a_wheel_from_the_source_distribution_holds_the_same(wheel: Path, source: Path, tmp_path: Path) -> None:
    code = f"from setuptools import build_meta; print(build_meta.build_sdist({str(tmp_path)!r}))"
    run(sys.executable, "-c", code, cwd=source)
    (sdist,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(sdist, tmp_path)
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    run(sys.executable, "-c", code, cwd=unpacked)
    (again,) = tmp_path.glob("*.whl")
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


@pytest.mark.slow
def test_it_runs_from_where_it_is_installed(installed: Installed) -> None:
    code = "import farm, farm.config.conf_dirs as dirs; print(farm.__file__); print(dirs.CONF_DIR)"
    package, conf = run(installed.python, "-c", code, cwd=installed.folder).split()
    home = installed.python.parent.parent
    assert Path(package).is_relative_to(home) and Path(conf) == Path(package).parent / "conf"
    assert run(installed.farm, "--version", cwd=installed.folder) == f"farm {PROJECT['version']}\n"
    assert "expert_iteration" in run(installed.farm, "--help", cwd=installed.folder)


LINES = (
    ("plan difference=0.1", "runs/plan/plan.json"),
    ("compare humans=labels.json simulated=labels.json output=compared", "compared/comparison.json"),
    ("calibrate humans=labels.json judge=longest name=fitted n_folds=2 n_simulations=2 n_resamples=20",
     "farm_conf/annotator/fitted.yaml"),
    ("annotate input=labels.json output=annotated.json annotator=fitted", "annotated.json"),
    ("judges input=labels.json annotators=[longest] output=judged", "judged/judges.json"),
    ("cache", ""),
    ("run -m method=sft,best_of_n seed=0 " + " ".join(SMALL), "runs/experiments/sweep/standings.csv"),
    ("leaderboard output=board", "board/standings.csv"),
    ("compare root=runs output=rankings", "rankings/report.md"),
)  # fmt: skip


@pytest.mark.slow
def test_every_command_runs_in_an_empty_folder(installed: Installed) -> None:
    for line, made in LINES:
        run(installed.farm, *line.split(), cwd=installed.folder)
        assert (installed.folder / made).exists(), line
    (reward_model,) = (installed.folder / "runs" / "artifacts" / "reward_model").glob("*/")
    pairs = [f"pairs={installed.folder / 'labels.json'}", "output=scored", f"reward_model={reward_model}"]
    run(installed.farm, "score", *pairs, cwd=installed.folder)
    assert list((installed.folder / "scored").iterdir())
    # The base takes hours to build; that its command finds its settings shows in a wrong one.
    build = [installed.farm, "pocket", "build", "settings.n_drafts=x"]
    done = subprocess.run(build, cwd=installed.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "settings.n_drafts: input should be a valid integer" in done.stderr


@pytest.mark.slow
def test_a_typed_client_passes_the_type_checker_and_a_wrong_one_does_not(installed: Installed) -> None:
    """Checked with the installed package and nothing of this repository; together, for both need farm's types read."""
    folder = installed.folder / "mypy"
    folder.mkdir()
    clients = ("client.py", "misuse.py")
    for client in clients:
        shutil.copy(ROOT / "tests" / "package" / client, folder)
    # What is checked is how farm's own types are used; reading those of torch and its like takes a minute.
    heavy = ("torch", "transformers", "trl", "peft", "datasets", "accelerate", "huggingface_hub", "openai")
    sections = "\n".join(f"[mypy-{name}.*]\nfollow_imports = skip\n" for name in heavy)
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\n\n{sections}")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(installed.python), *clients]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    *errors, summary = [text for text in done.stdout.splitlines() if ": note: " not in text]
    for line, reason in ((5, "attr-defined"), (6, "assignment"), (7, "call-overload")):
        assert any(text.startswith(f"misuse.py:{line}: error") and reason in text for text in errors), done.stdout
    assert not [text for text in errors if not text.startswith("misuse.py:")], done.stdout
    assert summary.endswith("errors in 1 file (checked 2 source files)"), done.stdout
    assert done.returncode == 1, done.stderr


@pytest.mark.slow
def test_the_pages_of_the_api_are_built_from_its_docstrings(tmp_path: Path) -> None:
    written = (ROOT / "CONTRIBUTING.md").read_text()
    (line,) = (line for line in written.splitlines() if line.startswith("pdoc "))
    options, _, modules = line.removeprefix("pdoc ").partition("build/api")
    pdoc = (sys.executable, "-m", "pdoc", *options.split(), tmp_path, *modules.split())
    done = subprocess.run([str(word) for word in pdoc], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Warn" not in done.stderr, done.stderr
    pages = "".join(page.read_text("utf-8") for page in (tmp_path / "farm" / "api").glob("*.html"))
    assert len(farm.__all__) > 15
    assert [name for name in farm.__all__ if f'id="{name}"' not in pages] == []


def test_every_requirement_is_pinned_within_its_range() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pins = {canonicalize_name(Requirement(line).name): line.partition("==")[2] for line in lines}
    assert all(pins.values())
    needed = [Requirement(line) for line in [*PROJECT["dependencies"], *extra_lines("dev")]]
    assert len(needed) > 25
    wrong = [
        str(need) for need in needed
        if need.name != DISTRIBUTION and not need.specifier.contains(pins.get(canonicalize_name(need.name), "0"))
    ]  # fmt: skip
    assert wrong == []


def test_every_import_is_of_a_requirement() -> None:
    trees = [ast.parse(path.read_text()) for path in (ROOT / "farm").rglob("*.py")]
    at_the_top = foreign_imports([node for tree in trees for node in outside_of_functions(tree)])
    anywhere = foreign_imports([node for tree in trees for node in ast.walk(tree)])
    assert len(at_the_top) > 15
    optional = [line for extra in PROJECT["optional-dependencies"] for line in extra_lines(extra)]
    # What an extra brings may be missing: it is imported where it is needed.
    assert undeclared(at_the_top, PROJECT["dependencies"]) == []
    assert undeclared(anywhere, [*PROJECT["dependencies"], *optional]) == []


def extra_lines(extra: str) -> list[str]:
    """The requirements of an extra, those of the extras that it names among them."""
    lines = []
    for line in PROJECT["optional-dependencies"][extra]:
        need = Requirement(line)
        lines += [inner for name in need.extras for inner in extra_lines(name)] if need.name == DISTRIBUTION else [line]
    return lines


def outside_of_functions(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported."""
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not is_for_types:
            yield child
            yield from outside_of_functions(child)


def foreign_imports(nodes: Sequence[ast.AST]) -> set[str]:
    """Packages that are neither Python's nor farm's; _typeshed is known to type checkers alone."""
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"farm", "_typeshed"}


def undeclared(packages: set[str], requirements: Sequence[str]) -> list[str]:
    needed = [Requirement(line) for line in requirements]
    declared = {canonicalize_name(name) for need in needed for name in (need.name, *need.extras)}
    # A package that is not installed here has the name of its distribution, as far as anybody can tell.
    distributions = packages_distributions()
    return sorted(
        name for name in packages if not declared & {canonicalize_name(n) for n in distributions.get(name, [name])}
    )


def test_the_distribution_is_called_as_the_code_says() -> None:
    assert PROJECT["name"] == DISTRIBUTION
