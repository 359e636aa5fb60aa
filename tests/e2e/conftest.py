"""What the tests of this folder share; the stack itself is shared with the browser's tests."""

from tests.integration.delivery.conftest import checkout
from tests.support.running_stack import ROOT, RunningApp, good_file

__all__ = ["ROOT", "RunningApp", "checkout", "good_file"]
