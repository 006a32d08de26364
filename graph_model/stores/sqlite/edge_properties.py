"""Properties of relationships: one cell of JSON text per edge, since few edges have any and no filter reads them. Pure."""

from collections.abc import Mapping

import orjson

from graph_model.errors import UnknownName
from graph_model.schema import SCHEMA, Value
from graph_model.stores.sqlite.values import decoder, encode

_DECLARED = {r.name: {p.name: p for p in r.properties} for r in SCHEMA.relationships}
_DECODERS = {type: {name: decoder(p) for name, p in declared.items()} for type, declared in _DECLARED.items()}


def encode_properties(type: str, properties: Mapping[str, Value]) -> str | None:
    """None where there are none. Raises UnknownName for one that is not declared, InvalidRequest for a value of another kind."""
    if len(properties) == 0:
        return None
    declared = _DECLARED[type]
    for name in properties:
        if name not in declared:
            raise UnknownName(f"{type} has no property {name}.")
    cells = {name: encode(name, declared[name].type.storage, value) for name, value in properties.items()}
    return orjson.dumps(cells, option=orjson.OPT_SORT_KEYS).decode()


def decode_properties(type: str, text: str) -> dict[str, Value]:
    decoders = _DECODERS[type]
    return {
        name: cell if (decode := decoders[name]) is None else decode(cell) for name, cell in orjson.loads(text).items()
    }
