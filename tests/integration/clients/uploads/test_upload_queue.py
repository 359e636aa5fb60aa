"""The upload queue on real Table storage: nothing lost, nothing twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.data.tables import TableServiceClient, UpdateMode

from nightshift.clients.uploads.upload_queue import TableUploadQueue
from tests.support.upload_examples import make_upload


@pytest.fixture
def queue(tables: TableServiceClient) -> TableUploadQueue:
    """An empty queue."""
    return TableUploadQueue(tables)


def test_the_first_upload_starts_generation_one(queue: TableUploadQueue, model: str) -> None:
    """An idle queue becomes busy with the next generation."""
    submission = queue.submit(make_upload("m/a"), model)
    assert (submission.generation, submission.accepted) == (1, True)


def test_the_same_event_three_times_is_one_upload(queue: TableUploadQueue, model: str) -> None:
    """Redelivery changes nothing."""
    accepted = [queue.submit(make_upload("m/a"), model).accepted for _ in range(3)]
    assert accepted == [True, False, False]
    assert [upload.name for upload in queue.claim(model, 1, 0).uploads] == ["m/a"]


def test_uploads_that_wait_are_taken_together_in_order(queue: TableUploadQueue, model: str) -> None:
    """What came meanwhile becomes one batch, named after its first upload."""
    for name in ("b", "a", "c"):
        queue.submit(make_upload(f"m/{name}"), model)
    batch = queue.claim(model, 1, 0)
    assert [upload.name for upload in batch.uploads] == ["m/b", "m/a", "m/c"]
    assert batch.run.endswith(make_upload("m/b").identity)


def test_a_repeated_claim_gets_the_same_batch(queue: TableUploadQueue, model: str) -> None:
    """A claim whose result was lost is made again, while later uploads wait."""
    queue.submit(make_upload("m/a"), model)
    first = queue.claim(model, 1, 0)
    queue.submit(make_upload("m/b"), model)
    assert queue.claim(model, 1, 0) == first
    assert [upload.name for upload in queue.claim(model, 1, 1).uploads] == ["m/b"]


def test_an_empty_claim_ends_the_generation(queue: TableUploadQueue, model: str) -> None:
    """After the last batch the queue is idle, and the next upload starts the next generation."""
    queue.submit(make_upload("m/a"), model)
    queue.claim(model, 1, 0)
    assert queue.claim(model, 1, 1).uploads == ()
    assert queue.submit(make_upload("m/b"), model).generation == 2


def test_a_generation_that_has_ended_claims_nothing(queue: TableUploadQueue, model: str) -> None:
    """Started once more by mistake, an old generation finds nothing to do, not even its own batch."""
    queue.submit(make_upload("m/a"), model)
    queue.claim(model, 1, 0)
    queue.claim(model, 1, 1)
    queue.submit(make_upload("m/b"), model)
    assert queue.claim(model, 1, 0).uploads == ()
    assert queue.claim(model, 1, 2).uploads == ()


def test_a_dead_generation_is_taken_over_once(queue: TableUploadQueue, model: str) -> None:
    """Of two that find it dead, one starts the successor."""
    queue.submit(make_upload("m/a"), model)
    assert [queue.take_over(model, 1, begun_has_ended=False).accepted for _ in range(2)] == [True, False]
    assert [upload.name for upload in queue.claim(model, 2, 0).uploads] == ["m/a"]


def test_the_successor_takes_up_what_a_dead_generation_had_claimed(queue: TableUploadQueue, model: str) -> None:
    """Claimed, and then the instance died before the run began: the batch keeps its run and is not lost."""
    queue.submit(make_upload("m/a"), model)
    batch = queue.claim(model, 1, 0)
    queue.submit(make_upload("m/b"), model)
    assert queue.begun_run(model) == batch.run
    queue.take_over(model, 1, begun_has_ended=False)
    assert queue.claim(model, 2, 0) == batch
    assert queue.claim(model, 2, 0) == batch
    assert [upload.name for upload in queue.claim(model, 2, 1).uploads] == ["m/b"]


def test_the_successor_leaves_alone_a_run_that_has_ended(queue: TableUploadQueue, model: str) -> None:
    """The queue died after its run: that run is not made again."""
    queue.submit(make_upload("m/a"), model)
    queue.claim(model, 1, 0)
    queue.take_over(model, 1, begun_has_ended=True)
    assert queue.claim(model, 2, 0).uploads == ()
    assert queue.begun_run(model) is None


def test_the_last_run_is_known_after_it_has_ended(queue: TableUploadQueue, model: str) -> None:
    """Whatever becomes of the queue: idle, busy again, taken over."""
    assert queue.last_run(model) is None
    queue.submit(make_upload("m/a"), model)
    assert queue.last_run(model) is None
    run = queue.claim(model, 1, 0).run
    queue.claim(model, 1, 1)
    assert (queue.begun_run(model), queue.last_run(model)) == (None, run)
    queue.submit(make_upload("m/b"), model)
    queue.take_over(model, 2, begun_has_ended=True)
    assert (queue.begun_run(model), queue.last_run(model)) == (None, run)
    assert queue.claim(model, 3, 0).run == queue.last_run(model) != run


def test_the_last_run_of_a_queue_of_an_older_release(
    queue: TableUploadQueue, tables: TableServiceClient, model: str
) -> None:
    """Its row names none, but its uploads do."""
    for name in ("a", "b"):
        queue.submit(make_upload(f"m/{name}"), model)
        batch = queue.claim(model, 1, 0 if name == "a" else 1)
    queue.claim(model, 1, 2)
    table = tables.get_table_client("uploads")
    row = table.get_entity(model, "queue")
    del row["Last"]
    table.update_entity(row, mode=UpdateMode.REPLACE)
    assert queue.last_run(model) == batch.run


def test_submits_and_claims_at_once_lose_and_double_nothing(queue: TableUploadQueue, model: str) -> None:
    """Forty uploads from four threads, claimed meanwhile: each is in exactly one batch."""
    names = [f"u{number:02d}" for number in range(40)]
    taken: list[str] = []
    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(queue.submit, make_upload(f"m/{name}"), model) for name in names]
        generation, claim = 1, 0
        while len(taken) < len(names):
            batch = queue.claim(model, generation, claim)
            taken.extend(upload.name.removeprefix("m/") for upload in batch.uploads)
            claim += 1
            newest = max((state.generation for state in queue.states() if state.model == model), default=generation)
            if newest > generation:
                generation, claim = newest, 0
        assert all(item.result().accepted for item in done)
    assert sorted(taken) == names


def test_states_say_what_waits(queue: TableUploadQueue, model: str) -> None:
    """The sweeper sees which queues are busy and how much waits."""
    queue.submit(make_upload("m/a"), model)
    (state,) = [state for state in queue.states() if state.model == model]
    assert (state.busy, state.waiting) == (True, 1)


def test_an_upload_knows_its_run_once_it_is_taken(queue: TableUploadQueue, model: str) -> None:
    """Whoever uploaded can follow."""
    queue.submit(make_upload("m/a"), model)
    assert queue.run_of(model, make_upload("m/a").identity) is None
    batch = queue.claim(model, 1, 0)
    assert queue.run_of(model, make_upload("m/a").identity) == batch.run
