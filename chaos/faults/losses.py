"""Stores that lose data: all of it, the latest part, or because the disk is full."""

import shutil
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient
from redis import Redis

from chaos.faults.fault import Fault, Scene
from chaos.faults.kills import kill_and_restart
from harness.processes.server import start_together
from voting.stores.settings import DATABASE
from voting.stores.vote_log_reader import COLLECTION

_SET_BACK_SECONDS = 3.0
_LONGEST_CUT = 30_000  # bytes
_NOTICED_SECONDS = 20.0
_FULL_SECONDS = 3.0


def empty_redis(scene: Scene) -> None:
    """Delete everything in Redis."""
    with Redis.from_url(scene.system.redis.url) as client:
        client.flushall()


def drop_vote_log(scene: Scene) -> None:
    """Delete the vote log with its positions and its index."""
    client: MongoClient[dict[str, Any]] = MongoClient(scene.system.mongodb.url)
    with client:
        client[DATABASE][COLLECTION].drop()


def append_only_file(folder: Path) -> Path:
    """Return the newest append-only file in Redis' folder."""
    files = (folder / "appendonlydir").glob("*.incr.aof")
    return max(files, key=lambda file: file.stat().st_mtime_ns)


def _tear_append_only_file(scene: Scene) -> None:
    redis = scene.system.redis
    redis.kill()
    file = append_only_file(redis.data)
    keep = max(0, file.stat().st_size - scene.random.randint(1, _LONGEST_CUT))
    with file.open("r+b") as content:
        content.truncate(keep)
    redis.start()
    scene.wait(0.5)  # votes are counted again: now the torn place is in the middle of the file
    kill_and_restart(scene, [redis])


def _set_both_back(scene: Scene) -> None:
    redis, mongodb = scene.system.redis, scene.system.mongodb
    kept = scene.system.folder / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    folders = {redis: kept / "redis", mongodb: kept / "mongodb"}
    for store, copy in folders.items():
        store.pause()
        shutil.copytree(store.data, copy, ignore=shutil.ignore_patterns("*-shm", "filler"))
        store.resume()
    scene.wait(_SET_BACK_SECONDS)
    for store, copy in folders.items():
        store.kill()
        for file in list(store.data.iterdir()):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        shutil.copytree(copy, store.data, dirs_exist_ok=True)
    scene.start_recovery()
    start_together(list(folders))


def _lose_trees(scene: Scene) -> None:
    notary = scene.system.services["svc_notary"]
    notary.kill()
    for tree in list(notary.data.iterdir()):
        shutil.rmtree(tree, ignore_errors=True)  # the lock is a file
    scene.start_recovery()
    notary.start()


def _fill_trees_disk(scene: Scene) -> None:
    disk, notary = scene.system.notary_disk, scene.system.services["svc_notary"]
    disk.fill()
    with httpx.Client(base_url=notary.url, trust_env=False) as client:
        scene.wait_until(
            lambda: "svc_notary_store_failing 1.0" in client.get("/metrics").text,
            "svc_notary notices",
            _NOTICED_SECONDS,
        )
    scene.wait(_FULL_SECONDS)
    scene.start_recovery()
    disk.clear()


def _fill_disk(scene: Scene) -> None:
    scene.system.redis_disk.fill()
    with Redis.from_url(scene.system.redis.url, decode_responses=True) as client:
        scene.wait_until(
            lambda: client.info("persistence")["aof_last_write_status"] != "ok",
            "Redis notices",
            _NOTICED_SECONDS,
        )
    scene.wait(_FULL_SECONDS)
    scene.start_recovery()
    scene.system.redis_disk.clear()


LOSSES = [
    Fault("Redis emptied", "FLUSHALL while votes are counted", empty_redis),
    Fault("Redis emptied, idle", "FLUSHALL while nobody votes", empty_redis, idle=True),
    Fault("vote log dropped", "the collection is dropped while votes are counted", drop_vote_log),
    Fault("vote log dropped, idle", "the same while nobody votes", drop_vote_log, idle=True),
    Fault(
        "append-only file torn",
        "Redis is killed, its file cut at a random byte, then started, killed and started again",
        _tear_append_only_file,
    ),
    Fault("both stores set back", "both restart with their files from 3 s earlier", _set_both_back),
    Fault("trees lost", "svc_notary is killed and its folder emptied", _lose_trees),
    Fault("trees' disk full", "no space for svc_notary's trees for 3 s", _fill_trees_disk),
    Fault("disk full", "no space for Redis' append-only file for 3 s", _fill_disk),
]
