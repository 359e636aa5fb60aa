"""The error catalogue: every failure that Nightshift names, with a stable code that no other kind of failure has.

In round brackets is what else an error is, in square brackets the module of one that is defined beside its only use.

NightshiftError
├── BadInputError (ValueError)          somebody gave us something that breaks a rule; retrying changes nothing
│   ├── SpecError                       a model spec breaks a rule
│   ├── TooLargeError                   a body is larger than is taken
│   ├── RefusedAlertKeptError           an alert breaks a rule; it is kept among the dead letters
│   │       [nightshift.triggers.alert_api]
│   ├── UnknownModelError (KeyError)    no spec for this model
│   ├── BlobMissingError (FileNotFoundError)  the upload was removed before it was read
│   └── BlobChangedError                the upload was overwritten before it was read
├── NotFoundError                       what a caller names is not there
├── ContractViolationError (ValueError)  no upload of a run meets the contract of its model
│       [nightshift.domain.uploads.contract]
├── ConflictError                       somebody else changed the record first
│   ├── TransitionError                 the state of the record does not allow it; retrying changes nothing
│   ├── RowChangedError                 a row was written between our reading and our writing; the store tries again
│   ├── MoveFencedError                 another writer has ended the champion move or taken it up
│   └── OtherEvidenceError              a decision was made on other evidence than the review's
│           [nightshift.services.reviews.decide_review]
├── ChampionMovedError                  the champion is not the one that the action expected
│   └── MoveCalledOffError              it is, but the move broke off and was called off
├── LedgerBrokenError                   a row of the ledger was written by somebody else
├── UnreadableEntryError                an entry of the ledger is none of the kind that is needed
├── MisconfiguredError                  settings of the app break rules: the operator's to mend, nobody else's
├── NotLoadedError                      a package could not be imported in this process; a fresh one may do it
├── ServiceRefusedError                 an outside system says no, and will say no again (401, 403, no such job)
├── ServiceUnavailableError (ConnectionError)  an outside system does not answer now; retrying may help
│   └── JobOutageError                  the same, in a job on Databricks [nightshift.training.jobs.process]
├── NotSignedInError                    nobody has signed in
├── SignInNotEnforcedError              nothing makes callers sign in [nightshift.domain.platform.sign_in]
├── NotAllowedError                     the caller may not do this, such as for want of a role
│   ├── FourEyesError                   who has triggered a promotion may not approve it
│   │       [nightshift.services.reviews.decide_review]
│   ├── OtherSiteError                  another site made the browser send this [nightshift.domain.platform.origin]
│   └── ForgedFormError                 a form's token is missing, too old or another's [nightshift.pages.security]
├── TooManyDecisionsError               a principal decides too fast [nightshift.services.reviews.decision_rate]
├── NotQueuedError                      an alert could not be queued; it must be sent again
│       [nightshift.triggers.alert_api]
├── NoTroubleError                      a message that all is well [nightshift.triggers.alert_schemas.databricks_job]
├── ModelUnusableError                  a version cannot be loaded or scored [nightshift.training.jobs.model_store]
├── AppUnreachableError                 no app answers at the address [nightshift.cli.app_client]
├── AppRefusedError                     the app answers with a problem document [nightshift.cli.app_client]
├── NotTheAppError                      something else answers in the app's place [nightshift.cli.app_client]
├── SmokeError                          an environment does not do what it should [nightshift.cli.smoke]
├── CommandError                        a program is missing or has failed [nightshift.delivery.command]
├── NoCheckoutError                     the command needs a checkout of the project [nightshift.delivery.checkout]
├── NoInterpreterError                  no Python of the version runs here [nightshift.delivery.interpreter]
├── SignInError                         no token can be had [nightshift.delivery.sign_in]
├── UnknownEnvironmentError             nobody said where an environment is [nightshift.delivery.environment]
├── InFlightUnknownError                the app does not say what is in flight [nightshift.delivery.in_flight]
└── InFlightBrokenError                 a release cannot go on with what is in flight [nightshift.delivery.in_flight]
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, ClassVar


class NightshiftError(Exception):
    """A failure with a stable code and named fields.

    Attributes:
        code: stable identifier for people and scripts, such as ``unknown_model``.
        title: of a problem document about it; the code, unless a class says otherwise.
        retryable: whether the same call may succeed later without anybody changing anything.
        retry_after: seconds after which the caller should try again; None if nothing says so.
        fields: the ids and values that say where it happened.
    """

    code: str = "error"
    retryable: ClassVar[bool] = False
    retry_after: int | None = None

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields

    @property
    def title(self) -> str:
        """What a problem document calls the failure."""
        return self.code


class BadInputError(NightshiftError, ValueError):
    """Input that breaks a rule: says the field, the value and the rule."""

    code = "bad_input"

    def __init__(self, *, field: str, value: object, rule: str, where: str = "") -> None:
        prefix = f"{where}: " if where else ""
        super().__init__(f"{prefix}{field} = {value!r}: {rule}", field=field, value=value, rule=rule)


class SpecError(BadInputError):
    """A model spec breaks a rule; the message starts with the file."""

    code = "bad_spec"


class TooLargeError(BadInputError):
    """A body is larger than is taken."""

    code = "too_large"


class NotFoundError(NightshiftError):
    """What a caller names is not there; the title says what kind of thing."""

    code = "not_found"

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(detail, title=title)
        self._title = title

    @property
    def title(self) -> str:
        """Such as ``No such run``."""
        return self._title


def closest(name: str, known: Sequence[str]) -> str:
    """The known name that a name was probably meant to be; empty if none is near."""
    plain = {item.casefold(): item for item in known}
    near = get_close_matches(name.strip().casefold(), plain, n=1, cutoff=0.75)
    return plain[near[0]] if near else ""


class UnknownModelError(BadInputError, KeyError):
    """No model spec answers to this name; ``where`` names the file that asked for it."""

    code = "unknown_model"

    def __init__(self, model: str, known: tuple[str, ...], where: str = "") -> None:
        names = ", ".join(known) or "none"
        near = closest(model, known)
        meant = f", did you mean {near!r}?" if near else ""
        rule = f"no spec has this name{meant}; known models: {names}"
        super().__init__(field="model", value=model, rule=rule, where=where)
        self.fields |= {"model": model, "known": known}

    def __str__(self) -> str:
        return self.message


class BlobMissingError(BadInputError, FileNotFoundError):
    """The upload was removed between its event and its reading."""

    code = "blob_missing"

    def __init__(self, url: str) -> None:
        super().__init__(field="url", value=url, rule="the blob is gone; upload it again")
        self.fields["url"] = url

    def __str__(self) -> str:
        return self.message


class BlobChangedError(BadInputError):
    """The blob is no longer the one that the event announced; the newer content has an event of its own."""

    code = "blob_changed"

    def __init__(self, url: str, etag: str) -> None:
        rule = f"overwritten since the event (etag {etag!r} is gone); its newer event starts its own run"
        super().__init__(field="url", value=url, rule=rule)
        self.fields |= {"url": url, "etag": etag}


class ConflictError(NightshiftError):
    """Another writer changed the record first; read again and decide again."""

    code = "conflict"
    retryable = True


class TransitionError(ConflictError):
    """The state of a record does not allow an operation: somebody or something was faster, and no retry cures it."""

    code = "transition"
    retryable = False


class RowChangedError(ConflictError):
    """A row of a store was written by another between our reading and our writing; read again and decide again."""


class MoveFencedError(ConflictError):
    """Another writer has ended, or taken up, a champion move that this writer began."""

    code = "move_fenced"

    def __init__(self, model: str, version: str, sequence: int, state: str) -> None:
        super().__init__(
            f"champion of {model}: move {sequence} to {version!r} was {state} by another writer; this one stops",
            model=model,
            version=version,
            sequence=sequence,
            state=state,
        )


class ChampionMovedError(NightshiftError):
    """The champion alias is not where the decision expected it: the decision is void."""

    code = "champion_moved"

    def __init__(self, model: str, expected: str | None, actual: str | None) -> None:
        super().__init__(
            f"champion of {model} = {actual!r}: the decision expected {expected!r} and is void",
            model=model,
            expected=expected,
            actual=actual,
        )


class MoveCalledOffError(ChampionMovedError):
    """The champion is the expected one, but the move broke off and another writer called it off: it is not made."""

    code = "move_called_off"

    def __init__(self, model: str, expected: str | None, version: str) -> None:
        NightshiftError.__init__(
            self,
            f"champion of {model} = {expected!r}, as expected: the move to {version!r} broke off and was called off",
            model=model,
            expected=expected,
            actual=expected,
            version=version,
        )


class LedgerBrokenError(NightshiftError):
    """A row of the ledger cannot be read as an entry: somebody has written into the table."""

    code = "ledger_broken"

    def __init__(self, model: str, row: str) -> None:
        super().__init__(
            f"row {row!r} of the ledger of {model} is not an entry; `nightshift ledger --verify` says where it broke",
            model=model,
            row=row,
        )


class UnreadableEntryError(NightshiftError):
    """An entry of the ledger does not say what is needed of it; a newer release may have written it, before a rollback.

    Its row is whole, and the chain holds: that is `LedgerBrokenError`.
    """

    code = "unreadable_entry"

    def __init__(self, *, model: str, entry: int, key: str, kind: str, wanted: str, problem: str) -> None:
        super().__init__(
            f"entry {entry} of the ledger of {model} ({kind} {key!r}) cannot be read as {wanted}: {problem}",
            model=model, entry=entry, key=key, kind=kind, wanted=wanted, problem=problem,
        )  # fmt: skip


class MisconfiguredError(NightshiftError):
    """Settings of the app break rules; each problem names the setting, its value unless it is secret, and the rule."""

    code = "misconfigured"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems), problems=problems)
        self.problems = problems


class NotLoadedError(NightshiftError):
    """A package could not be imported; the process ends, and a fresh one tries again."""

    code = "not_loaded"
    retryable = True

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(f"{package} could not be loaded: {reason}", package=package, reason=reason)


class ServiceRefusedError(NightshiftError):
    """An outside system refuses, and the same call will be refused again."""

    code = "service_refused"

    def __init__(self, service: str, reason: str, hint: str) -> None:
        super().__init__(f"{service} refused: {reason} ({hint})", service=service, reason=reason, hint=hint)


class ServiceUnavailableError(NightshiftError, ConnectionError):
    """An outside system cannot be reached or answers that it is overloaded."""

    code = "service_unavailable"
    retryable = True

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service} is not available: {reason}", service=service, reason=reason)


class NotSignedInError(NightshiftError):
    """Nobody has signed in, or what says so cannot be read."""

    code = "not_signed_in"


class NotAllowedError(NightshiftError):
    """The caller may not do this: it lacks the role, or what it sends is not its own."""

    code = "not_allowed"
