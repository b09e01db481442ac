"""What two workers upload at the same moment is kept once, and neither fails over it."""

import threading
from concurrent.futures import ThreadPoolExecutor

from channels.base import Asset
from channels.wechat.uploads import Uploads

AT_ONCE, PICTURES = 6, 15


def test_two_who_upload_the_same_at_once_both_know_what_it_is_called(any_records, clock):
    there = threading.Barrier(AT_ONCE)

    def upload(_):
        there.wait(30)  # all found that it was never uploaded
        return "med_1"

    def once(number):
        picture = Asset(name="a.png", content_type="image/png", data=b"%d" % number)
        return Uploads(any_records, clock).once("acc_oa", "cover", picture, upload)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(PICTURES):
            assert list(pool.map(once, [number] * AT_ONCE)) == ["med_1"] * AT_ONCE
