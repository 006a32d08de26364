"""A training's configuration from TOML: what it says is used, and what is wrong is named with what was meant."""

from pathlib import Path

import pytest

from gnn.train import TrainConfig
from gnn.train_config import BOUNDS, DEFAULT, contenders_of, load_config
from graph_model.errors import InvalidRequest


def written(folder: Path, text: str) -> Path:
    path = folder / "train.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_the_file_says_is_used_and_the_rest_stays_as_it_comes(tmp_path: Path):
    found = load_config(written(tmp_path, "[trees]\nrounds = 120\nl2 = 2\nseed = 7\n\n[rings]\ngamma = 0.03\n"))
    assert (found.trees.rounds, found.trees.l2, found.trees.seed, found.features.rings.gamma) == (120, 2.0, 7, 0.03)
    assert found.trees.leaves == TrainConfig().trees.leaves
    assert load_config(written(tmp_path, "")) == TrainConfig(contenders=DEFAULT)


def test_every_number_as_it_comes_is_within_its_bounds():
    for table, of in (("trees", TrainConfig().trees), ("rings", TrainConfig().features.rings)):
        for key, (low, high) in BOUNDS[table].items():
            assert low <= getattr(of, key) <= high
        assert set(BOUNDS[table]) == set(type(of).__slots__)  # no number is forgotten


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[trees]\nround = 5", "Did you mean rounds?"),
        ("[tree]\nrounds = 5", "Did you mean trees?"),
        ("[trees]\nzzz = 5", "There are: rounds, "),
        ("[trees]\nrounds = 0", "rounds is a whole number from 1"),
        ("[trees]\nrounds = 2.5", "rounds is a whole number"),
        ("[trees]\nrounds = true", "rounds is a whole number"),
        ('[rings]\ngamma = "0.03"', "gamma is a number from 1e-06 to 1"),
        ("[rings]\ngamma = nan", "gamma is a number"),
        ("trees = 5", "write [trees]"),
        ("[trees\n", "is no TOML"),
        ('[contender]\nfit = ["trees"]', "Did you mean contenders?"),
        ('[contenders]\nfitted = ["trees"]', "Did you mean fit?"),
        ('[contenders]\nwinner = "stack"', "There is: fit."),
        ('[contenders]\nfit = "trees"', 'fit = ["trees", "stack"]'),
        ("[contenders]\nfit = [1]", "is a list of names"),
        ('[contenders]\nfit = ["tree"]', "Did you mean trees?"),
        ('[contenders]\nfit = ["rules", "trees"]', "rules is always measured"),
        ("[contenders]\nfit = []", "Nothing doesn't serve"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str):
    with pytest.raises(InvalidRequest) as refused:
        load_config(written(tmp_path, text))
    assert said in refused.value.message and "train.toml" in refused.value.message
    assert refused.value.code == "train.config"


def test_contenders_are_named_with_commas_and_a_misspelt_one_is_answered_with_what_was_meant():
    assert contenders_of("stack, net,stack") == ("stack", "net")
    assert contenders_of("net") == ("net",)
    for text, said in (("tree", "Did you mean trees?"), ("", "There are")):
        with pytest.raises(InvalidRequest, match=said) as refused:
            contenders_of(text)
        assert refused.value.code == "train.contenders"


def test_the_file_says_which_contenders_are_fitted_each_once(tmp_path: Path):
    found = load_config(written(tmp_path, '[contenders]\nfit = ["stack", "net", "stack"]\n\n[trees]\nseed = 7\n'))
    assert (found.contenders, found.trees.seed) == (("stack", "net"), 7)
    assert load_config(written(tmp_path, "[contenders]\n")).contenders == DEFAULT == ("trees", "stack")
