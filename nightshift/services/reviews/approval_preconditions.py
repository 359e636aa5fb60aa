"""Hold what an approval binds against the world as it is now."""

from collections.abc import Iterable

from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.lifecycle.run import score_token
from nightshift.domain.platform.errors import BadInputError, BlobMissingError
from nightshift.domain.platform.names import TAG_EVALUATION_SET_DIGEST, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.review import ChangedPrecondition, Review
from nightshift.services.champions.standing import standing_champion
from nightshift.services.lifecycle.run_files import evidence_at

_NONE = "none"
_SHOWN = 16


def changes_since(services: Services, review: Review) -> tuple[ChangedPrecondition, ...]:
    """What has changed since the review was opened; empty if an approval stands."""
    return tuple(
        ChangedPrecondition(what=what, bound=bound, found=found)
        for what, bound, found in _now(services, review)
        if found != bound
    )


def _now(services: Services, review: Review) -> Iterable[tuple[str, str, str]]:
    """Each bound thing: its name, what is bound, what is found."""
    champion = standing_champion(services, review.model)
    yield "champion", _version(review.champion_version), _version(champion)
    yield "challenger", _version(review.challenger_version), _challenger(services, review)
    evidence = _evidence(services, review)
    yield "evidence", _short(review.evidence_digest), _NONE if evidence is None else _short(evidence.digest)
    score = services.registry.find_score(review.model, score_token(review.run, review.round))
    found = _NONE if score is None else _short(score.tags.get(TAG_EVALUATION_SET_DIGEST, ""))
    yield "evaluation set", _short(review.evaluation_set_digest), found
    try:
        spec = services.specs.get(review.model)
    except BadInputError as error:
        yield "spec", _short(review.spec_digest), f"one that cannot be used: {error.message}"
        return
    yield "policy", _short(review.policy_digest), _short(spec.policy_digest)
    yield "spec", _short(review.spec_digest), _short(spec.digest)


def _challenger(services: Services, review: Review) -> str:
    registered = services.registry.version(review.model, review.challenger_version)
    if registered is None:
        return _NONE
    version = _version(review.challenger_version)
    incident = registered.tags.get(TAG_QUARANTINE, "")
    return f"{version}, in quarantine by incident {incident}" if incident else version


def _evidence(services: Services, review: Review) -> Evidence | None:
    try:
        return evidence_at(services.blobs, review.evidence)
    except BlobMissingError:
        return None


def _version(version: str | None) -> str:
    return f"version {version}" if version else _NONE


def _short(digest: str) -> str:
    return digest[:_SHOWN]
