"""A server holds the graph in memory for scoring single applications, where it may and can, from its start to its end."""

import asyncio
from pathlib import Path

from api.app import create_app
from api.bootstrap import build
from api.settings import Settings
from graph_model.stores import open_store


def made(home: Path, **settings: object) -> Settings:
    settings = {"home": home, "log_level": "error"} | settings
    open_store(f"sqlite:///{home / 'guanxi.db'}", create=True).close()
    return Settings.model_validate(settings)


def test_a_server_reads_the_graph_at_its_start_and_lets_go_at_its_end(tmp_path: Path):
    runtime = build(made(tmp_path))
    assert runtime.live is not None
    app = create_app(runtime.settings, runtime)

    async def serve() -> None:
        async with app.router.lifespan_context(app):
            assert runtime.live is not None
            assert await asyncio.to_thread(runtime.live.wait, 30)

    asyncio.run(serve())
    assert runtime.live.closed


def test_no_memory_for_it_or_a_graph_that_nobody_writes_to_is_none(tmp_path: Path):
    without = build(made(tmp_path, live_graph_mb=0))
    assert without.live is None
    without.store.close()
    copy = build(made(tmp_path, read_only=True))
    assert copy.live is None
    copy.store.close()
