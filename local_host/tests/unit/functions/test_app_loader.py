"""Importing an app and taking its functions."""

import sys
from pathlib import Path

import pytest

from local_host.functions.app_loader import load_functions
from local_host.functions.errors import AppLoadError

from .conftest import LoadApp

HTTP = """
@app.route(route="{name}")
def {name}(req: func.HttpRequest) -> str:
    return "x"
"""


def test_takes_the_functions_of_the_app(load_app: LoadApp) -> None:
    """Functions come in the order of their declaration."""
    functions = load_app(HTTP.format(name="a") + HTTP.format(name="b"))
    assert [function.get_function_name() for function in functions] == ["a", "b"]


def test_asks_the_app_once(load_app: LoadApp) -> None:
    """get_functions is called exactly once."""
    functions = load_app(
        """
        calls = []
        class App(df.DFApp):
            def get_functions(self):
                calls.append(1)
                return super().get_functions() if len(calls) == 1 else []
        app = App()

        @app.route(route="a")
        def a(req: func.HttpRequest) -> str:
            return str(len(calls))
        """
    )
    assert functions[0].get_user_function()(None) == "1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("del app", "exactly one function app at top level (found none)"),
        ("other = func.FunctionApp()", "(found app, other)"),
        ("import no_such_module_here", "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(:\n  pass", "SyntaxError"),
        (HTTP.format(name="a") + HTTP.format(name="a"), "Function a does not have a unique function name"),
        ("@app.function_name('f')\ndef f(x): pass", "Function f does not have a trigger"),
        (
            "@app.route(route='a')\n@app.timer_trigger(arg_name='t', schedule='0 0 * * * *')\ndef f(req, t): pass",
            "A trigger was already registered to this function",
        ),
    ],
)
def test_says_why_an_app_is_refused(load_app: LoadApp, text: str, message: str) -> None:
    """What is wrong with the module is in the error."""
    with pytest.raises(AppLoadError) as caught:
        load_app(text)
    assert message in str(caught.value)


def test_names_the_line_at_which_the_import_failed(load_app: LoadApp, tmp_path: Path) -> None:
    """The error points into the app's own file."""
    with pytest.raises(AppLoadError) as caught:
        load_app("1 / 0")
    (module,) = tmp_path.glob("*.py")
    assert f"at {module}:6" in str(caught.value)


def test_says_that_the_module_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without the module is named."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(AppLoadError, match=r"there is no function_app\.py in"):
        load_functions(tmp_path, "function_app")
