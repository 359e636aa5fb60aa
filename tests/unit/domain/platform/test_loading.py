"""What counts as an import that broke."""

from nightshift.domain.platform.loading import IMPORTS, import_broke


def test_an_optional_package_that_is_missing_hides_no_other_error() -> None:
    """A library looked for it, went on without it, and then failed for a reason of its own."""
    try:
        try:
            import not_installed_anywhere  # type: ignore[import-not-found]  # noqa: F401
        except ImportError:
            raise ValueError("the reason of its own")  # noqa: B904 - libraries do just this
    except ValueError as error:
        assert not import_broke(error)
    assert IMPORTS.reason == ""
