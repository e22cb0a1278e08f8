"""Tables in text are read as they are meant, whoever wrote them, or refused where two are."""

import pytest

from radsim.vocabulary.csv_tables import parse_table, plain_name, read_table

ROWS = "age,volume\n61,18.4\n70,7.25\n"


def written(folder, content):
    path = folder / "ages.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.encode("utf-16"),
        ROWS.replace("\n", "\r\n").encode(),
        ROWS.replace("\n", "\r").encode(),
        ROWS.replace(",", "\t").encode(),
        ROWS.replace(",", ";").encode(),
        ROWS.replace(",", ";").replace(".", ",").encode(),
        ROWS.replace(",", "|").encode(),
        ROWS.replace(",", "\t").replace(".", ",").encode(),
        b"sep=;\r\n" + ROWS.replace(",", ";").encode(),
        b"\n# of the clinic\n" + ROWS.encode(),
        b'"age","volume"\n"61","18.4"\n"70","7,25"\n',
        b" age , volume \n 61 , 18.4\n 70, 7.25 \n\n",
        b"age,volume,,\n61,18.4,,\n70,7.25\n,,,\n,,,\n",
        "âge,age,volume\nß,61,18.4\nö,70,7.25\n".encode("latin-1"),
    ],
)
def test_a_table_is_the_same_in_every_dress(tmp_path, content):
    table = read_table(written(tmp_path, content))
    assert table.numbers_in("age") == (61.0, 70.0)
    assert table.numbers_in("volume") == (18.4, 7.25)
    assert table.mistakes == ()


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["12,5", "0,125", "1,234"], [12.5, 0.125, 1.234]),  # a comma is what parts digits here
        (["12.5", "1.234"], [12.5, 1.234]),
        (["12,5", "18.4"], [12.5, 18.4]),  # mixed, and each without doubt
        (["12.5", "1,234"], [12.5, None]),  # a thousand, or one
        (["12,5", "1.234"], [12.5, None]),
        (["1.234,5", "1,234.5", "1'234.5", "1 234"], [1234.5, 1234.5, 1234.5, 1234.0]),
        (["1.234.567", "-5", "1e3", "\u22122"], [1234567.0, -5.0, 1000.0, -2.0]),
        (["nan", "inf", "1e999", "12.03.1957", "0x10", "1_000", "", "5-6", "<5"], [None] * 9),
    ],
)
def test_a_number_is_read_where_its_meaning_is_plain(cells, numbers):
    table = parse_table("\n".join(["a;b", *(f"{cell};x" for cell in cells)]), "mine.csv")
    assert [table.number(cell) for cell in cells] == numbers


def test_a_comma_for_thousands_or_for_decimals_is_refused_in_a_table_with_points():
    table = parse_table('gtv\tage\n"1,234"\t61.5\n', "mine.csv")
    with pytest.raises(ValueError, match="row 2: gtv must be a number, got '1,234'"):
        table.numbers_in("gtv")


def test_row_numbers_are_those_of_the_file():
    text = '# by hand\nnote,age\n"two\nlines",1\n\nplain,2\n# left out,3\n,x\n,y\n'
    table = parse_table(text, "mine.csv")
    assert table.numbers == (3, 6, 8, 9)
    with pytest.raises(ValueError) as caught:
        table.numbers_in("age")
    assert str(caught.value).splitlines() == [
        "mine.csv, row 8: age must be a number, got 'x'",
        "mine.csv, row 9: age must be a number, got 'y'",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ages.csv is empty"),
        (b"# nothing\n\n", "ages.csv is empty"),
        (b"age\n", "ages.csv has no rows"),
        (b"age,sex\n,\n", "ages.csv has no rows"),
        (b"PK\x03\x04\x00\x00", "ages.csv is no text: save it as CSV"),
        (b'age,note\n61,"open\n62,b\n63,c\n', "can't read ages.csv: unexpected end of data"),
        (b"age,\x1b[31m\n61,2\n", "row 1: a heading must be printable characters"),
        (
            b"a" * 300 + b",b\n1,2\n",
            "row 1: a heading must be printable characters in one line, 200",
        ),
        (b"a,b\n1," + b"2" * 200_000 + b"\n", "can't read ages.csv: field larger than"),
    ],
)
def test_what_is_no_table_is_one_plain_line(tmp_path, content, message):
    with pytest.raises(ValueError, match="ages") as caught:
        read_table(written(tmp_path, content))
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("age\n60\n", "agee", "no column 'agee'; did you mean 'age'"),
        ("age\n60\nold\n", "age", "row 3: age must be a number, got 'old'"),
        ("age,sex\n60,\n", "sex", "row 2: sex must be a number, got ''"),
        ("age,Age\n60,1\n", "AGE", "two columns 'AGE'"),
        ("age [days],b\n60,1\n", "age", "'age [days]' must be in no other units, got 'days'"),
    ],
)
def test_a_column_that_can_not_be_read_is_a_plain_error(text, column, message):
    with pytest.raises(ValueError) as caught:
        parse_table(text, "ages.csv").numbers_in(column)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_a_plain_error(tmp_path):
    with pytest.raises(ValueError, match=r"can't read .*none\.csv: No such file"):
        read_table(tmp_path / "none.csv")


def test_a_cell_too_many_is_told_with_its_row_and_the_others_are_kept():
    table = parse_table("gtv,age\n12,5,61\n18.4,70\n", "mine.csv")
    assert table.mistakes == (
        "mine.csv, row 2: has 3 cells, and the line of headings 2; a decimal comma needs quotes, "
        "or ; between cells",
    )
    assert len(table.rows) == 2


@pytest.mark.parametrize(
    "heading", ["GTV volume [cm³]", " gtv_volume ", "GTV-Volume (cc)", '"gtv_volume"', "Gtv volume"]
)
def test_a_heading_is_a_name_in_any_dress(heading):
    assert plain_name(heading) == "gtv_volume"
