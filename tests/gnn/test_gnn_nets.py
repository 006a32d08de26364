"""The net for typed graphs: its layer beside PyG's own, its sampler, what it learns, and that it scores whoever is new."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from gnn.nets.bins import Bins
from gnn.nets.sampling import Sampler
from gnn.nets.typed import Links, TypedGraph

torch = pytest.importorskip("torch", reason="The nets need the extra `gnn`.")
pytest.importorskip("torch_geometric", reason="The nets need the extra `gnn`.")

from gnn.nets.layer import FastLinks, TypedConv  # noqa: E402
from gnn.nets.net import NetConfig, fit_net  # noqa: E402

torch.set_num_threads(1)  # tiny products: threads would only wait for each other

USES, USED = ("person", "uses", "device"), ("device", "used_by", "person")
PERSONS, DEVICES = 400, 150


def portfolio(seed: int = 2) -> tuple[TypedGraph, np.ndarray]:
    """A tenth are fraudsters and share ten devices among themselves; their own features say nothing."""
    random = np.random.default_rng(seed)
    fraud = random.permutation(PERSONS) < PERSONS // 10
    person = np.repeat(np.arange(PERSONS), 2)
    device = random.integers(10, DEVICES, 2 * PERSONS)
    device[fraud[person]] = random.integers(0, 10, int(fraud[person].sum()))
    # Devices tell how old they are: those of the farm are new, though not all new ones are of the farm.
    age = random.normal(0, 1, (DEVICES, 1)).astype(np.float32)
    age[:10] -= 2
    features = {"person": random.normal(size=(PERSONS, 3)).astype(np.float32), "device": age}
    relations = {
        USES: Links.of(person, device, sources=PERSONS, targets=DEVICES),
        USED: Links.of(device, person, sources=DEVICES, targets=PERSONS),
    }
    return TypedGraph(features, relations), fraud


def thirds() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    part = np.random.default_rng(9).permutation(PERSONS) % 3
    return part == 0, part == 1, part == 2


def several_blocks_of_rows() -> TypedGraph:
    """More persons than one block of `gnn.nets.passing` holds; they know each other, use devices in two ways, and nobody has an address."""
    random = np.random.default_rng(4)
    persons, devices, count = 2_500, 300, 3_000
    person, device, other = (random.integers(0, n, count) for n in (persons, devices, persons))
    nobody = np.empty(0, dtype=np.int64)
    relations = {
        USES: Links.of(person, device, sources=persons, targets=devices),
        USED: Links.of(device, person, sources=devices, targets=persons),
        ("device", "lent_to", "person"): Links.of(device, other, sources=devices, targets=persons),
        ("person", "knows", "person"): Links.of(other, person, sources=persons, targets=persons),
        ("address", "of", "person"): Links.of(nobody, nobody, sources=0, targets=persons),
        ("person", "lives_at", "address"): Links.of(nobody, nobody, sources=persons, targets=0),
    }
    counts = {"person": persons, "device": devices, "address": 0}
    return TypedGraph({name: random.normal(size=(n, 3)).astype(np.float32) for name, n in counts.items()}, relations)


@pytest.mark.parametrize("graph", [portfolio()[0], several_blocks_of_rows()], ids=["small", "several blocks"])
@pytest.mark.parametrize("only", [None, "person"])
def test_the_fast_path_is_pygs_own_formulation_to_the_fourth_place(graph: TypedGraph, only: str | None):
    torch.manual_seed(1)
    layer = TypedConv(tuple(graph.features), tuple(graph.relations), 8)
    start = {name: torch.randn(count, 8) for name, count in graph.counts().items()}
    edges = {
        r: torch.from_numpy(np.stack((k.indices, k.target())).astype(np.int64)) for r, k in graph.relations.items()
    }
    fast = {r: FastLinks(k) for r, k in graph.relations.items()}
    told = []
    for links in (edges, fast):
        x = {name: rows.clone().requires_grad_() for name, rows in start.items()}
        layer.zero_grad()
        out = layer(x, links, only)
        (out["person"].square().mean() + sum(rows.sum() for rows in out.values())).backward()
        learnt = [(n, p.grad) for n, p in layer.named_parameters() if p.grad is not None]
        told.append([*out.items(), *((name, rows.grad) for name, rows in x.items()), *learnt])
    for (name, ours), (same, theirs) in zip(*told, strict=True):
        assert name == same and (ours is theirs is None or torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)), name
    assert told[0][0][1].abs().max() > 0.1


def test_a_layer_that_is_asked_for_one_type_gives_what_it_gives_of_it_among_all():
    graph, _ = portfolio()
    torch.manual_seed(2)
    layer = TypedConv(("person", "device"), (USES, USED), 8)
    x = {name: torch.randn(count, 8) for name, count in graph.counts().items()}
    links = {r: FastLinks(k) for r, k in graph.relations.items()}
    alone = layer(x, links, "person")
    assert list(alone) == ["person"] and torch.equal(alone["person"], layer(x, links)["person"])


def test_the_sparse_product_for_other_devices_gives_the_same_mean():
    graph, _ = portfolio()
    links = FastLinks(graph.relations[USED])
    x = torch.randn(DEVICES, 5)
    mean = links.bags.sums(x) * torch.from_numpy(links.bags.share)[:, None]
    assert torch.allclose(mean, links.sparse(torch.device("cpu")) @ x, atol=1e-5)


def test_a_device_farm_is_found_that_persons_features_do_not_betray():
    graph, fraud = portfolio()
    train, validation, test = thirds()
    fitted = fit_net(graph, "person", fraud, train, validation, config=NetConfig(epochs=40))
    assert average_precision_score(fraud[test], fitted.score(graph)[test]) > 0.6  # a random scorer gets 0.1


def test_the_same_seed_gives_the_same_net():
    graph, fraud = portfolio()
    train, validation, _ = thirds()
    config = NetConfig(epochs=4)
    one, two = (fit_net(graph, "person", fraud, train, validation, config=config).score(graph) for _ in range(2))
    assert (one == two).all()


def test_taught_in_batches_it_finds_the_farm_too():
    graph, fraud = portfolio()
    train, validation, test = thirds()
    config = NetConfig(epochs=15, whole_below=0, batch=64)
    fitted = fit_net(graph, "person", fraud, train, validation, config=config)
    assert average_precision_score(fraud[test], fitted.score(graph)[test]) > 0.5


@pytest.mark.parametrize("whole_below", [0, 20_000_000])
def test_some_nodes_are_scored_as_among_all(whole_below: int):
    graph, fraud = portfolio()
    train, validation, _ = thirds()
    config = NetConfig(epochs=2, whole_below=whole_below, batch=64, fanout=(400, 400))  # room for every neighbour
    fitted = fit_net(graph, "person", fraud, train, validation, config=config)
    wanted = np.array([7, 300, 12])
    assert fitted.score(graph, wanted) == pytest.approx(fitted.score(graph)[wanted], abs=1e-6)


def test_a_newcomer_on_the_farms_device_is_scored_like_anyone():
    graph, fraud = portfolio()
    train, validation, _ = thirds()
    fitted = fit_net(graph, "person", fraud, train, validation, config=NetConfig(epochs=40))
    links = graph.relations[USED]
    person, device = np.append(links.target(), [PERSONS, PERSONS, PERSONS + 1]), np.append(links.indices, [0, 1, 100])
    grown = TypedGraph(
        {**graph.features, "person": np.vstack((graph.features["person"], np.zeros((2, 3), dtype=np.float32)))},
        {
            USES: Links.of(person, device, sources=PERSONS + 2, targets=DEVICES),
            USED: Links.of(device, person, sources=DEVICES, targets=PERSONS + 2),
        },
    )
    on_farm, elsewhere = fitted.score(grown)[-2:]
    assert on_farm > 2 * elsewhere


def test_a_sample_holds_real_links_only_and_no_more_than_asked():
    graph, _ = portfolio()
    seeds = np.array([5, 17, 3], dtype=np.int64)
    taken = Sampler(graph).sample("person", seeds, fanout=(1, 4), seed=8)
    assert (taken.nodes["person"][:3] == seeds).all()
    for relation, links in taken.graph.relations.items():
        whole = graph.relations[relation]
        real = set(zip(whole.indices.tolist(), whole.target().tolist(), strict=True))
        source = taken.nodes[relation[0]][links.indices]
        target = taken.nodes[relation[2]][links.target()]
        assert set(zip(source.tolist(), target.tolist(), strict=True)) <= real
    assert np.diff(taken.graph.relations[USED].indptr)[:3].max() == 1
    assert 1 < np.diff(taken.graph.relations[USES].indptr).max() <= 4


def test_a_sample_with_room_for_all_is_the_whole_neighbourhood():
    graph, _ = portfolio()
    taken = Sampler(graph).sample("person", np.array([5], dtype=np.int64), fanout=(100,), seed=1)
    links = graph.relations[USED]
    devices = links.indices[links.indptr[5] : links.indptr[6]]
    assert set(taken.nodes["device"].tolist()) == set(devices.tolist())


def test_bins_take_the_tail_off_an_amount():
    amounts = np.append(np.arange(1, 100), 1e9).astype(np.float32)[:, None]
    binned = Bins.learn(amounts)(amounts)
    assert np.abs(binned).max() <= 1
    assert (np.diff(binned[:, 0]) >= 0).all()


def test_a_sample_is_the_same_whatever_was_sampled_before_it():
    graph, _ = portfolio()
    sampler, seeds = Sampler(graph), np.array([3, 1, 390], dtype=np.int64)
    first = sampler.sample("person", seeds, fanout=(3, 2), seed=4)
    sampler.sample("person", np.arange(200, dtype=np.int64), fanout=(3, 2), seed=9)
    again = sampler.sample("person", seeds, fanout=(3, 2), seed=4)
    for name, rows in first.nodes.items():
        assert np.array_equal(rows, again.nodes[name])
    for relation, links in first.graph.relations.items():
        assert np.array_equal(links.indices, again.graph.relations[relation].indices)
