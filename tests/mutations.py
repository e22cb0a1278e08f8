"""Values, settings, bytes and DICOM objects, changed at random."""

from copy import deepcopy

NUMBERS = (0, 1, -1, 2, -0.0, 1e-300, 1e300, 0.5, 100.0, 10**9, 2**63 - 1, 10**20)
FLOATS = (float("nan"), float("inf"), -float("inf"), 5e-324)
TEXTS = (
    "", " ", "a", "=1+1", "-", "$x_$", "\x1b[31m", "\u202e", "a" * 300, "../x", "/dev/zero", "gtv",
    "nan", "1e999", "two\nlines", "DVH", "D0.03cc", "preset", "published", "\U0001f600", "'", '"',
)  # fmt: skip
BYTES = (b"\x00", b"\xff", b"\n", b'"', b"[", b"=", b",", b";", b"9" * 30, b"1e999", b"nan", b"-")


def changed_value(luck, value, pool=()):
    """Another value in the place of one: near it, at an edge, of another type, or from a pool."""
    if pool and luck.random() < 0.2:
        return deepcopy(luck.choice(pool))
    if luck.random() < 0.12:
        return luck.choice([0, 1.5, "", "x", True, [], {}, [1], {"kind": "fixed", "value": 1.0}])
    if isinstance(value, bool):
        return luck.choice([not value, "no", 1, -0.0])
    if isinstance(value, (int, float)):
        near = (-value, value + 1, value * 2, value / 2, value * 100, value / 100, float(value))
        return luck.choice([*near, *NUMBERS, *FLOATS, str(value), [value]])
    if isinstance(value, str):
        cut = value[: luck.randrange(len(value) + 1)]
        return luck.choice([*TEXTS, cut, value.upper(), value + "x", f" {value} ", [value]])
    if isinstance(value, list):
        some = list(value)
        luck.shuffle(some)
        return luck.choice([[], some, some[:1], [*some, *some[:1]], [some], some[1:]])
    return luck.choice([{}, [value], "x", 1.0])


def places(tree):
    """Every table or list of a tree with a key in it."""
    below = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(below):
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from places(value)


def plausible_value(luck, key, value, others):
    """A number near one, or what another file has at a key of that name."""
    stated = [t[k] for other in others for t, k in places(other) if k == key]
    if stated and luck.random() < 0.4:
        return deepcopy(luck.choice(stated))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return luck.choice([value + 1, value - 1, value * 2, value // 2, 0, 1, value * 10])
    if isinstance(value, float):
        return luck.choice([value * luck.uniform(0.5, 1.5), value * 3.0, value / 10.0, 0.0, 1.0])
    if isinstance(value, list) and value:
        return luck.choice([value[:1], value[::-1], value[1:], [*value, value[-1]]])
    return deepcopy(value)


def gently_changed(luck, settings, others):
    """Settings with one to four plausible changes, which are more often accepted."""
    settings = deepcopy(settings)
    for _ in range(luck.choice([1, 2, 3, 4])):
        table, key = luck.choice(list(places(settings)))
        if isinstance(table[key], dict) and luck.random() < 0.3:
            del table[key]
        else:
            table[key] = plausible_value(luck, key, table[key], others)
        if not settings:
            break
    return settings


def changed_settings(luck, settings, others):
    """Settings with one to three changes: of keys, of values, of types."""
    settings = deepcopy(settings)
    for _ in range(luck.choice([1, 1, 1, 2, 3])):
        spots = list(places(settings))
        if not spots:
            return settings
        if luck.random() < 0.6:  # each section alike, however many keys it has
            section = luck.choice(list(settings.values()))
            spots = (isinstance(section, (dict, list)) and list(places(section))) or spots
        table, key = luck.choice(spots)
        way = luck.random()
        if way < 0.12:
            del table[key]
        elif way < 0.2 and isinstance(table, dict):
            table[luck.choice([f"{key}x", key[:-1], key.upper(), luck.choice(TEXTS)])] = table.pop(
                key
            )
        elif way < 0.3 and isinstance(table, dict):
            donor, name = luck.choice(list(places(luck.choice(others))))
            table[name if isinstance(name, str) else key] = deepcopy(donor[name])
        else:
            table[key] = changed_value(luck, table[key], [t[k] for t, k in spots])
    return settings


def changed_bytes(luck, contents):
    """Bytes with some changed, cut out, doubled or put in."""
    contents = bytearray(contents)
    for _ in range(luck.choice([1, 1, 2, 5])):
        if not contents:
            break
        start = luck.randrange(len(contents))
        end = min(len(contents), start + luck.choice([1, 1, 4, 30, 300]))
        way = luck.randrange(5)
        if way == 0:
            contents[start] = luck.randrange(256)
        elif way == 1:
            del contents[start:end]
        elif way == 2:
            contents[start:start] = contents[start:end]
        elif way == 3:
            contents[start:end] = luck.choice(BYTES)
        else:
            del contents[start:]
    return bytes(contents)


def changed_table(luck, text, separator=","):
    """A table with cells, columns or lines changed."""
    rows = [line.split(separator) for line in text.splitlines()]
    for _ in range(luck.choice([1, 1, 2, 4])):
        row = luck.choice([rows[0], luck.choice(rows)])
        place = luck.randrange(len(row)) if row else 0
        way = luck.random()
        if way < 0.6 and row:
            try:
                value = float(row[place])
            except ValueError:
                value = row[place]
            row[place] = str(changed_value(luck, value))
        elif way < 0.7:
            rows.append(list(luck.choice(rows)))
        elif way < 0.8:
            rows.remove(luck.choice(rows))
        elif way < 0.9:
            for line in rows:
                del line[place : place + 1]
        elif row:
            row.append(row[place])
        rows = rows or [[""]]
    return "\n".join(separator.join(row) for row in rows) + "\n"


def changed_dataset(luck, dataset):
    """Change elements of a DICOM object where they stand, at any depth."""
    import pydicom

    for _ in range(luck.choice([1, 1, 2, 3])):
        element = _element(luck, dataset)
        if element is None:
            return
        owner, tag = element
        old = owner[tag]
        way = luck.random()
        if way < 0.2:
            del owner[tag]
        elif old.VR == "SQ":
            items = list(old.value)
            owner[tag].value = pydicom.Sequence(
                luck.choice([[], items[:1], items[1:], [*items, *items[:1]], items[::-1]])
            )
        elif isinstance(old.value, bytes):
            owner[tag].value = changed_bytes(luck, old.value)
        else:
            owner[tag] = pydicom.DataElement(tag, old.VR, _other(luck, old.value), 0)


def _element(luck, dataset):
    tags = list(dataset.keys())
    if not tags:
        return None
    tag = luck.choice(tags)
    if dataset[tag].VR == "SQ" and dataset[tag].value and luck.random() < 0.8:
        return _element(luck, luck.choice(list(dataset[tag].value))) or (dataset, tag)
    return dataset, tag


def _other(luck, value):
    several = list(value) if isinstance(value, (list, tuple)) or hasattr(value, "append") else None
    if several:
        place = luck.randrange(len(several))
        way = luck.random()
        if way < 0.5:
            several[place] = _plain(luck, several[place])
            return several
        return luck.choice([several[:place], several[::-1], several + several[:1], []])
    return _plain(luck, value)


def _plain(luck, value):
    changed = changed_value(luck, value)
    while isinstance(changed, (list, dict, bool)):
        changed = changed_value(luck, value)
    return changed
