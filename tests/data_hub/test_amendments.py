"""Who was written about out of turn is remembered for a while, and by no id of hers."""

from data_hub.amendments import Amendments


def test_writes_are_remembered_in_their_order_and_beyond_memory_everybody_was_written_about(people):
    amendments = Amendments(people)
    assert (amendments.number(), amendments.touched({"cus_a"}, 0)) == (0, False)
    with people.write("digest"):
        amendments.note({"cus_a", "cus_b"})
    assert amendments.touched({"cus_a", "cus_z"}, 0)
    assert not amendments.touched({"cus_z"}, 0)
    assert not amendments.touched({"cus_a"}, amendments.number())
    for begin in range(0, 1_500, 300):
        with people.write("digest"):
            amendments.note({f"cus_{number}" for number in range(begin, begin + 300)})
    assert amendments.touched({"cus_z"}, 0), "nobody knows any more"
    assert amendments.touched({"cus_1499"}, amendments.number() - 1)
    assert not amendments.touched({"cus_z"}, amendments.number() - 1)
    assert "cus_" not in amendments._marks.of("digest.amended")
