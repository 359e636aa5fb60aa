"""A model with data: files that were uploaded and validated, and made champions."""

from pathlib import Path
from typing import Any

from activities.uploads.validate_data import validate_data
from nightshift.domain.lifecycle.run import Validated, ValidateRequest
from nightshift.domain.platform.names import BRONZE
from nightshift.domain.uploads.dataset import AcceptedDataset
from nightshift.domain.uploads.upload import BlobRef, Upload
from tests.support.responder import Case

HEADER = "timestamp,season,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed,revenue"


class Starts:
    """A durable client that only remembers what was started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str]] = []

    async def get_status(self, _: str) -> None:
        """Nothing runs."""

    async def start_new(self, name: str, instance: str, _: Any) -> str:
        """Remember it."""
        self.started.append((name, instance))
        return instance


def upload_file(case: Case, folder: Path, name: str, day: int, year: int = 2012) -> Upload:
    """Put two hours of a day into the model's folder."""
    rows = [f"{year}-01-0{day}T0{hour}:00:00,1,0,1,1,1,0.5,0.5,0.5,0.5,{day}{hour}.5" for hour in range(2)]
    path = folder / f"{name}.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    blob = BlobRef(container=BRONZE, name=f"{case.model}/{name}.csv")
    etag = case.services.blobs.upload(blob, path, metadata={"data_source": "station 7"})
    return Upload(
        url=case.services.blobs.url(blob),
        container=blob.container,
        name=blob.name,
        etag=etag,
        size=path.stat().st_size,
        event_time=case.services.clock(),
        event_id=name,
    )


def accept_file(
    case: Case, folder: Path, name: str, day: int, *, promoted: bool = True, year: int = 2012
) -> AcceptedDataset:
    """Let a run have decided on a file: it made a champion, or it was rejected."""
    run = f"lifecycle-{case.model}-{name}"
    upload = upload_file(case, folder, name, day, year)
    result = validate(case, run, upload)
    (part,) = result.parts
    assert part.digest is not None
    return case.services.datasets.accept(
        AcceptedDataset(
            model=case.model,
            digest=part.digest,
            run=run,
            upload=upload,
            newest=f"{year}-01-0{day}T01:00:00" if promoted else None,
            accepted_at=case.services.clock(),
        )
    )


def validate(case: Case, run: str, *uploads: Upload) -> Validated:
    """Hold files against the contract, as a run does; none of them is too large for it."""
    result = validate_data(case.services, ValidateRequest(model=case.model, run=run, uploads=uploads))
    assert isinstance(result, Validated)
    return result
