"""Files on a real S3 server pass the contract, and survive what networks and stores do to them."""

import base64
import hashlib
import io
import secrets
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.auth import SIGV4_TIMESTAMP, S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from servers.proxy import Fault, Proxy
from servers.running import KEY, SECRET

from content_hub.media import Media, MediaFile, Rendition
from content_hub.uploads import Uploads
from kernel.errors import Conflict, Invalid, NotFound, Overloaded
from kernel.secret import Secret
from stores.contract.files import FilesContract
from stores.s3 import S3, Place, place

pytestmark = pytest.mark.s3
PART = 5 << 20
"""The smallest that the protocol allows for any but the last."""
LARGE = bytes(range(256)) * (PART * 2 // 256) + b"and the rest"


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8"
    "cfc00000030101009e0a2fbf0000000049454e44ae426082"
)


@pytest.fixture
def bucket(s3_url):
    """A bucket of this test's own."""
    name = f"t{secrets.token_hex(8)}"
    S3(Place(s3_url, name, "", KEY, Secret(SECRET)))._client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def at(s3_url, bucket):
    return Place(s3_url, bucket, "anhe/", KEY, Secret(SECRET), public=s3_url)


@pytest.fixture
def files(at):
    return S3(at, part=PART)


@pytest.fixture
def proxy(s3_url):
    with Proxy(s3_url) as between:
        yield between


@pytest.fixture
def through(at, proxy):
    """The same files, with a network between."""
    return S3(at._replace(endpoint=proxy.url), part=PART, patience=0.5, attempts=1)


class TestS3(FilesContract):
    pass


def uploads(files):
    told = files._client().list_multipart_uploads(Bucket=files._at.bucket)
    return [each["Key"] for each in told.get("Uploads", ())]


def test_what_is_there_already_is_not_sent_again(files, through, proxy):
    key = files.put(b"poster", "image/png")
    assert through.put(b"poster", "image/png") == key
    assert {method for method, _ in proxy.seen} == {"HEAD"}


def test_two_who_put_the_same_at_once_keep_it_once(through, proxy, files):
    """The other one came between our question and our put: the store says so, and we are glad."""
    asked = threading.Event()
    proxy.faults = [Fault(lambda method, _: method == "PUT", delay=asked)]
    slow = threading.Thread(target=lambda: S3.put(through, b"poster", "image/png"))
    through._patience = 30
    slow.start()
    key = files.put(b"poster", "image/jpeg")
    asked.set()
    slow.join(10)
    assert not slow.is_alive()
    assert files._head(key)["ContentType"] == "image/jpeg"


def test_a_large_file_that_broke_off_goes_on_where_it_was(through, proxy, files):
    proxy.faults = [Fault(lambda method, path: method == "PUT" and "partNumber=3" in path,
                          status=500, times=1)]  # fmt: skip
    with pytest.raises(Overloaded):
        through.put(io.BytesIO(LARGE), "video/mp4")
    assert list(files.keys()) == []
    proxy.seen.clear()

    key = through.put(io.BytesIO(LARGE), "video/mp4")

    sent = [path for method, path in proxy.seen if method == "PUT"]
    assert ["partNumber=3" in path for path in sent] == [True]
    with files.open(key) as file:
        assert file.read() == LARGE
    assert files._head(key)["ContentType"] == "video/mp4"
    assert uploads(files) == []


def test_uploads_that_nobody_goes_on_with_are_given_up(through, proxy, files):
    proxy.faults = [Fault(lambda method, path: "partNumber=2" in path, status=500)]
    with pytest.raises(Overloaded):
        through.put(LARGE, "video/mp4")
    assert len(uploads(files)) == 1
    now = datetime.now(UTC)
    assert files.sweep(now - timedelta(days=1)) == 0
    assert files.sweep(now + timedelta(seconds=5)) == 1
    assert uploads(files) == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503),
        Fault(status=403),
        Fault(lost=True),
        Fault(delay=threading.Event()),
        Fault(lambda method, _: method == "PUT", status=500),
        Fault(lambda method, _: method == "PUT", headers={"Etag": f'"{"0" * 32}"'}),
    ],
    ids=["down", "refused", "answers lost", "slow", "full", "another checksum"],
)
def test_f18_what_the_store_did_not_take_is_not_acknowledged(through, proxy, files, fault):
    """No key is given out, so no row can name it; the same put succeeds afterwards."""
    proxy.faults = [fault]
    with pytest.raises(Overloaded) as told:
        through.put(b"poster", "image/png")
    assert told.value.seconds > 0
    proxy.faults = []
    with files.open(through.put(b"poster", "image/png")) as file:
        assert file.read() == b"poster"


def test_f18_an_upload_that_the_store_did_not_take_leaves_no_row_and_no_orphan(
    through, proxy, files, records, changes, clock
):
    clock.now = datetime.now(UTC)  # the store has a clock of its own
    media = Media(records, through, changes, clock)
    for fault in (
        Fault(lambda method, _: method == "PUT", status=503), Fault(lost=True),
        Fault(lambda method, _: method == "PUT", headers={"Etag": f'"{"0" * 32}"'}),
    ):  # fmt: skip
        proxy.faults = [fault]
        with pytest.raises(Overloaded):
            media.take(PICTURE, by="li")
        with records.read() as session:
            assert [session.query(kind).count() for kind in (MediaFile, Rendition)] == [0, 0]
    proxy.faults = []
    clock.move(timedelta(days=2))
    media.sweep()
    assert list(files.keys()) == []
    clock.move(timedelta(days=-2))
    assert media.rendition(media.take(PICTURE, by="li").id, "original")[0]


def test_f18_an_answer_that_breaks_off_is_read_on_from_there(through, proxy, files):
    key = files.put(LARGE, "video/mp4")
    proxy.faults = [Fault(lambda method, _: method == "GET", cut=100_000, times=2)]
    with through.open(key) as file:
        assert file.read() == LARGE
    assert sum(method == "GET" for method, _ in proxy.seen) == 3


def test_f18_an_answer_that_breaks_off_for_ever_is_never_taken_for_the_file(through, proxy, files):
    key = files.put(b"a long poster", "image/png")
    proxy.faults = [Fault(lambda method, _: method == "GET", cut=1)]
    with through.open(key) as file, pytest.raises(Overloaded):
        file.read()


def test_f18_bytes_changed_in_the_store_are_noticed(files):
    key = files.put(b"abc", "text/plain")
    files._client().put_object(Bucket=files._at.bucket, Key=files._name(key), Body=b"abd")
    assert [key in flaw for flaw in files.flaws()] == [True]
    with files.open(key) as file, pytest.raises(Overloaded):
        file.read()


def test_companies_in_one_bucket_do_not_see_each_other(files, at):
    other = S3(at._replace(prefix="other/"))
    key = files.put(b"abc", "text/plain")
    assert list(other.keys()) == []
    with pytest.raises(NotFound):
        other.open(key)


def test_a_wrong_secret_and_a_wrong_key_are_refused_and_never_shown(at):
    for wrong in (
        at._replace(secret=Secret("not-this-one")),
        at._replace(key="nobody", secret=Secret("not-this-one")),
    ):
        files = S3(wrong)
        with pytest.raises(Overloaded) as refused:
            files.put(b"abc", "text/plain")
        assert "not-this-one" not in repr(refused.value) + repr(files._at)
        told = files.examine()
        assert (told.fit, "refused" in told.says) == (False, True)
        assert "not-this-one" not in repr(told)


def test_what_is_wrong_with_a_bucket_is_said_and_nothing_is_made(at, files, proxy):
    assert files.examine() == (True, f"bucket {at.bucket} at {at.endpoint}, prefix anhe/", "")
    absent = S3(at._replace(bucket="not-there"))
    told = absent.examine()
    assert (told.fit, "NoSuchBucket" in told.says, "Make the bucket" in told.advice) == (
        False, True, True,
    )  # fmt: skip
    assert absent.examine().fit is False
    proxy.faults = [Fault(lambda method, _: method == "PUT", status=403)]
    told = S3(at._replace(endpoint=proxy.url)).examine()
    assert (told.fit, "PutObject" in told.says, "rights" in told.advice) == (False, True, True)
    gone = S3(at._replace(endpoint="http://127.0.0.1:1"), attempts=1)
    assert gone.examine().fit is None
    assert list(files.keys()) == []


class Late(S3SigV4Auth):
    """Signs as a machine does whose clock is an hour behind."""

    def _modify_request_before_signing(self, request):
        request.context["timestamp"] = (datetime.now(UTC) - timedelta(hours=1)).strftime(
            SIGV4_TIMESTAMP
        )
        super()._modify_request_before_signing(request)

    def __call__(self, request, **_):
        told = {
            name: value if isinstance(value, str) else value.decode()
            for name, value in request.headers.items()
        }
        again = AWSRequest(request.method, request.url, told, request.body)
        self.add_auth(again)
        for name in ("X-Amz-Date", "Authorization"):
            del request.headers[name]
            request.headers[name] = again.headers[name]


def test_a_clock_that_is_wrong_is_told_as_such_and_keeps_nothing(at, files):
    late = S3(at, attempts=1)
    clock = Late(Credentials(at.key, at.secret.reveal()), "s3", at.region)
    late._client().meta.events.register("before-send.s3", clock)
    with pytest.raises(Overloaded):
        late.put(b"abc", "text/plain")
    told = late.examine()
    assert (told.fit, "RequestTimeTooSkewed" in told.says, "clock" in told.advice) == (
        False, True, True,
    )  # fmt: skip
    assert list(files.keys()) == []
    late._client().meta.events.unregister("before-send.s3", clock)
    assert late.examine().fit
    assert late.put(b"abc", "text/plain") in set(files.keys())


def send(method, url, body=b"", headers=None):
    return urllib3.request(method, url, body=body, headers=headers or {}, retries=False).status


def key_of(data):
    return f"sha256-{hashlib.sha256(data).hexdigest()}"


def test_an_address_serves_a_file_under_a_name_until_its_time_is_up(files):
    key = files.put(b"abc", "text/plain")
    answer = urllib3.request("GET", files.presign(key, seconds=60, name="养老.txt"))
    assert (answer.status, answer.data) == (200, b"abc")
    assert answer.headers["Content-Disposition"] == (
        "inline; filename*=UTF-8''%E5%85%BB%E8%80%81.txt"
    )
    past = files.presign(key, seconds=-60)
    assert send("GET", past) in {400, 403}
    assert send("GET", files.presign(key, seconds=60).replace(key, key_of(b"other"))) == 403


def test_what_is_put_again_is_fresh_again(files, at):
    """Else a sweep could take it for what an upload left behind, while another puts it."""
    key = files.put(b"abc", "text/plain")
    before = files.put_at(key)
    files.put(b"abc", "text/plain")
    assert files.put_at(key) == before
    threading.Event().wait(1.1)  # the store counts whole seconds
    S3(at, fresh=timedelta(0)).put(b"abc", "image/png")
    assert files.put_at(key) > before
    assert files._head(key)["ContentType"] == "image/png"
    assert list(files.flaws()) == []
    assert files.origin == "/".join(files.presign(key, seconds=9).split("/")[:3])


def test_without_a_public_origin_we_hand_files_on_ourselves(at):
    private = S3(at._replace(public=None))
    assert private.presign(key_of(b"abc"), seconds=60) is None
    assert private.ticket(key_of(b"abc"), "image/png", 3, seconds=60) is None


def test_a_put_by_ticket_is_these_bytes_of_this_kind_or_nothing(files):
    key = key_of(b"abc")
    ticket = files.ticket(key, "image/png", 3, seconds=60)
    assert send("PUT", ticket.url, b"abd", ticket.headers) >= 400
    assert send("PUT", ticket.url, b"abcd", ticket.headers | {"Content-Length": "4"}) >= 400
    assert send("PUT", ticket.url, b"abc", ticket.headers | {"Content-Type": "text/html"}) == 403
    assert list(files.keys()) == []
    assert send("PUT", ticket.url, b"abc", ticket.headers) == 200
    assert list(files.keys()) == [key]
    late = files.ticket(key, "image/png", 3, seconds=-60)
    assert send("PUT", late.url, b"abc", late.headers) in {400, 403}


def post(form, data, **fields):
    """As a browser sends it: the fields, then the file."""
    sent = form.fields | fields | {"file": ("短片.mp4", data, "video/mp4")}
    answer = urllib3.request("POST", form.url, fields=sent, redirect=False)
    return answer.status, answer.headers.get("Location", "")


def everything(files):
    told = files._client().list_objects_v2(Bucket=files._at.bucket)
    return [each["Key"] for each in told.get("Contents", ())]


def test_a_form_brings_a_file_to_its_own_place_and_the_browser_back(files):
    form = files.form("upl_1", "video/mp4", (1, 9), seconds=60, back="https://hub.cn/taken?a=1")
    status, back = post(form, b"abc")
    assert (status, back.split("?")[0], "a=1" in back) == (303, "https://hub.cn/taken", True)
    assert everything(files) == ["anhe/staged-upl_1"]
    assert list(files.keys()) == []

    assert files.settle("upl_1", "video/mp4") == key_of(b"abc")
    assert files.settle("upl_1", "video/mp4") == key_of(b"abc")
    files.clear("upl_1")
    files.clear("upl_1")
    assert everything(files) == [f"anhe/{key_of(b'abc')}"]
    assert files._head(key_of(b"abc"))["ContentType"] == "video/mp4"
    assert list(files.flaws()) == []
    with pytest.raises(NotFound):
        files.settle("upl_1", "video/mp4")


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"abc", {"Content-Type": "text/html"}),
        (b"abc" * 4, {}),
        (b"", {}),
        (b"abc", {"key": f"anhe/{key_of(b'other')}"}),
        (b"abc", {"key": "anhe/staged-upl_2"}),
        (b"abc", {"x-amz-meta-more": "1"}),
        (b"abc", {"x-amz-signature": "0" * 64}),
        (b"abc", {"success_action_redirect": "https://evil.example/"}),
    ],
    ids=["kind", "too large", "too small", "a file's name", "another's stage", "a field more",
         "signature", "sent elsewhere"],
)  # fmt: skip
def test_a_form_that_was_tampered_with_brings_nothing(files, data, fields):
    form = files.form("upl_1", "video/mp4", (1, 9), seconds=60, back="https://hub.cn/taken")
    assert post(form, data, **fields)[0] in {400, 403}
    assert everything(files) == []


def test_a_form_is_good_for_its_time_and_only_where_browsers_reach_the_store(files, at):
    late = files.form("upl_1", "video/mp4", (1, 9), seconds=-60)
    assert post(late, b"abc")[0] in {400, 403}
    assert everything(files) == []
    assert S3(at._replace(public=None)).form("upl_1", "video/mp4", (1, 9), seconds=60) is None


def test_a_form_used_again_spoils_nothing(files):
    """Before it is taken, the last word counts; after that it is nobody's, and swept."""
    form = files.form("upl_1", "video/mp4", (1, 9), seconds=60)
    post(form, b"abc")
    post(form, b"abd")
    key = files.settle("upl_1", "video/mp4")
    assert key == key_of(b"abd")
    post(form, b"other")
    with files.open(key) as file:
        assert file.read() == b"abd"
    now = datetime.now(UTC)
    assert files.sweep(now - timedelta(days=1)) == 0
    assert files.sweep(now + timedelta(seconds=5)) == 1
    assert everything(files) == [f"anhe/{key}"]


def test_what_was_posted_while_it_was_read_is_not_kept_under_what_was_read(files, through, proxy):
    form = files.form("upl_1", "video/mp4", (1, 9), seconds=60)
    post(form, b"abc")
    copying, posted, told = threading.Event(), threading.Event(), []
    proxy.faults = [
        Fault(lambda method, _: method == "PUT" and not copying.set(), delay=posted)
    ]  # fmt: skip
    through._patience = 30

    def taking():
        with pytest.raises(Overloaded) as refused:
            through.settle("upl_1", "video/mp4")
        told.append(refused.value.seconds)

    slow = threading.Thread(target=taking)
    slow.start()
    assert copying.wait(60)
    post(form, b"abd")
    posted.set()
    slow.join(60)
    assert told
    assert list(files.keys()) == []
    assert files.settle("upl_1", "video/mp4") == key_of(b"abd")


def test_a_posted_file_is_judged_like_any_other(files, records, changes, clock):
    clock.now = datetime.now(UTC)
    media = Media(records, files, changes, clock)
    uploads = Uploads(records, files, media, clock)
    known, size = uploads.begin(len(PICTURE), by="li", name="海报.png"), len(PICTURE)
    assert post(uploads.form(known), PICTURE + b"x")[0] == 400
    with pytest.raises(Conflict):
        uploads.arrived(known.id, by="li")
    assert post(uploads.form(known), PICTURE)[0] == 204
    done = uploads.arrived(known.id, by="li")
    assert uploads.arrived(known.id, by="li").media == done.media
    assert uploads.form(done) is None
    assert (media.one(done.media).name, media.one(done.media).size) == ("海报.png", size)

    page = uploads.expect("page.html.png", by="li")
    assert post(uploads.form(page), b"<script>alert(1)</script>")[0] == 204
    with pytest.raises(Invalid):
        uploads.arrived(page.id, by="li")
    with pytest.raises(NotFound):
        uploads.one(page.id, by="li")
    assert not [each for each in everything(files) if "staged" in each]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://media/anhe", Place(None, "media", "anhe/")),
        ("s3://media?region=cn-north-1", Place(None, "media", "", region="cn-north-1")),
        (
            "s3+https://AK:S%2FK@s3.example.com:9000/media/a/b?style=host&public=https://cdn.cn",
            Place("https://s3.example.com:9000", "media", "a/b/", "AK", Secret("S/K"),
                  style="host", public="https://cdn.cn"),
        ),
    ],
)  # fmt: skip
def test_an_address_says_where_files_lie(url, told):
    assert place(url) == told


@pytest.mark.parametrize(
    "url",
    ["s3://", "https://host/bucket", "s3+https://host", "s3+http:///bucket", "s3://b?speed=high",
     "s3://b?style=new"],
)  # fmt: skip
def test_an_address_that_says_nothing_of_use_is_refused(url):
    with pytest.raises(ValueError, match=r"\w"):
        place(url)


def test_the_host_may_name_the_bucket(at):
    files = S3(at._replace(endpoint="https://s3.example.com", public="https://s3.example.com",
                           style="host"))  # fmt: skip
    address = urlsplit(files.presign(key_of(b"abc"), seconds=60))
    assert address.hostname == f"{at.bucket}.s3.example.com"
    assert files.origin == f"https://{address.hostname}"


def test_digests_travel_as_the_store_spells_them(files):
    key = files.put(b"abc", "text/plain")
    told = files._head(key).get("ChecksumSHA256")
    assert told in {None, base64.b64encode(hashlib.sha256(b"abc").digest()).decode()}
