"""Every event sample at hand becomes the one event that a person reading it would expect.

The table was written by reading the samples, not by running the code.
"""

from datetime import UTC, datetime

import pytest

from channels.video import hearing as douyin
from channels.wechat import messages
from channels.wechat.wecom import hearing as wecom
from tests.channels.samples import ABSENT, SAMPLES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REPS = {"zhangsan": "stf_zhang"}

TABLE = """
wechat/EventSamples/MpAccreditation/NamingVerifyFailEvent.xml            account_notice -
wechat/EventSamples/MpAccreditation/NamingVerifySuccessEvent.xml         account_notice -
wechat/EventSamples/MpAccreditation/QualificationVerifyFailEvent.xml     account_notice -
wechat/EventSamples/MpAccreditation/QualificationVerifySuccessEvent.xml  account_notice -
wechat/EventSamples/MpJob/FreePublishJobFinishEvent.xml   job_finished -
wechat/EventSamples/MpJob/MassSendJobFinishEvent.xml      job_finished -
wechat/EventSamples/MpMessage/ImageMessageEvent.xml       messaged openid:fromUser
wechat/EventSamples/MpMessage/LocationMessageEvent.xml    messaged openid:fromUser
wechat/EventSamples/MpMessage/VoiceMessageEvent.xml       messaged openid:fromUser
wechat/EventSamples/MpPush/LocationPushEvent.xml          located openid:fromUser
wechat/EventSamples/MpPush/ScanCodePushEvent.xml          scanned_code openid:oMgHVjngRipVsoxg6TuX3vz6glDg
wechat/EventSamples/MpPush/ScanPushEvent.xml              scanned_code openid:FromUser
wechat/EventSamples/MpPush/SubscribePushEvent.xml         followed openid:FromUser
wechat/EventSamples/MpPush/UserEnterTempSessionEvent.json opened_chat openid:fromUser
wechat/EventSamples/MpPush/UserEnterTempSessionEvent.xml  opened_chat openid:fromUser
wechat/EventSamples/MpReply/MusicMessageReply.xml         wechat_oa.music openid:fromUser
wechat/EventSamples/MpReply/TransferCustomerServiceReply.xml wechat_oa.transfer_customer_service openid:fromuser
wechat/EventSamples/MpReply/VideoMessageReply.xml         messaged openid:fromUser
wechat/EventSamples/MpSubscribeMessage/SubscribeMessagePopupEvent.List.json answered_message_request openid:o7esq5OI1Uej6Xixw1lA2H7XDVbc
wechat/EventSamples/MpSubscribeMessage/SubscribeMessageSentEvent.json job_finished openid:o7esq5PHRGBQYmeNyfG064wEFVpQ
wechat/EventSamples/MpSubscribeMessage/SubscribeMessageSentEvent.xml  job_finished openid:otFpruAK8D-E6EfStSYonYSBZ8_4
wecom/push/BatchJobResult.xml                          job_finished -
wecom/push/CancelAuth.xml                              account_notice -
wecom/push/ChangeAuth.xml                              account_notice -
wecom/push/ChangeContactDeleteUser.xml                 staff_changed -
wecom/push/ChangeContactUpdateParty.xml                staff_changed -
wecom/push/ChangeContactUpdateTag.xml                  staff_changed -
wecom/push/ChangeContactUpdateUser.xml                 staff_changed -
wecom/push/ChangeExternalChatCreate.xml                group_changed -
wecom/push/ChangeExternalChatUpdate.xml                group_changed -
wecom/push/ChangeExternalContactAddExternalContact.xml followed external_userid:woAJ2GCAAAXtWyujaWJHDDGi0mACH71w stf_zhang
wecom/push/ChangeExternalContactDelExternalContact.xml removed_by_rep external_userid:woAJ2GCAAAXtWyujaWJHDDGi0mACH71w stf_zhang
wecom/push/ChangeExternalContactDelFollowUser.xml      unfollowed external_userid:woAJ2GCAAAXtWyujaWJHDDGi0mACH71w stf_zhang
wecom/push/ChangeExternalContactTransferFail.xml       transfer_failed external_userid:woAJ2GCAAAXtWyujaWJHDDGi0mACH71w stf_zhang
wecom/push/ChangeExternalTagDelete.xml                 tag_changed -
wecom/push/Click.xml                                   rep_acted -
wecom/push/DeleteSchedule.xml                          wecom.delete_schedule -
wecom/push/EnterAgent.xml                              rep_acted -
wecom/push/Location.xml                                rep_acted -
wecom/push/OpenApprovalChange.xml                      wecom.open_approval_change -
wecom/push/SuiteTicket.xml                             account_notice -
wecom/push/SwitchWorkbenchMode.xml                     wecom.switch_workbench_mode -
douyin/EventSamples/GoodLife/LifeProductAuditEvent.json     account_notice -
douyin/EventSamples/GoodLife/LifeTradeOrderNotifyEvent.json bought open_id:f6e35c98-1e53-4943-ad6d-f476f869deab
douyin/EventSamples/IM/EnterGroupAuditChangeEvent.json      asked_to_join_group open_id:6ff2569e-1a9d-4e94-92ee-8fb495515c9y
douyin/EventSamples/IM/GroupFansEventEvent.json             group_changed -
douyin/EventSamples/IM/IMAuthorizeEvent.json                answered_message_request -
douyin/EventSamples/Interaction/NewVideoDiggEvent.json      liked_material open_id:5adb9d61-b91a-4382-8252-b0cea8793e35
douyin/EventSamples/UnionAuth/UnionAuthInfoForCEvent.json   identified open_id:xxxxx
douyin/EventSamples/Webhook/CreateVideoEvent.json           post_created -
douyin/EventSamples/Webhook/ReceiveMessageEvent.json        messaged -
"""  # noqa: E501 — one sample a line
MOMENTS = {
    "wechat/EventSamples/MpPush/ScanCodePushEvent.xml": 1408090502,
    "wechat/EventSamples/MpSubscribeMessage/SubscribeMessageSentEvent.json": 1620963428,
    "wecom/push/CancelAuth.xml": 1403610513,
    "wecom/push/EnterAgent.xml": 1408091189,
    "douyin/EventSamples/GoodLife/LifeTradeOrderNotifyEvent.json": 1665991178,
    "douyin/EventSamples/IM/EnterGroupAuditChangeEvent.json": 1679638889.110,
    "douyin/EventSamples/Interaction/NewVideoDiggEvent.json": 1686817996,
}
FIELDS = {
    "wechat/EventSamples/MpMessage/LocationMessageEvent.xml": {"Label": "位置信息"},
    "wechat/EventSamples/MpPush/ScanPushEvent.xml": {"EventKey": "SCENE_VALUE"},
    "wechat/EventSamples/MpJob/FreePublishJobFinishEvent.xml": {
        "PublishEventInfo": {
            "publish_id": "2247503051",
            "publish_status": "0",
            "article_id": "b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4",
            "article_detail": {"count": "1", "item": {"idx": "1", "article_url": "ARTICLE_URL"}},
            "fail_idx": ["1", "2"],
        }
    },
    "wecom/push/ChangeExternalContactTransferFail.xml": {"FailReason": "customer_refused"},
    "wecom/push/ChangeExternalContactAddExternalContact.xml": {"State": "teststate"},
    "wecom/push/ChangeContactUpdateUser.xml": {"NewUserID": "zhangsan001", "Position": "产品经理"},
    "wecom/push/ChangeExternalChatUpdate.xml": {"MemChangeCnt": "10", "JoinScene": "1"},
    "douyin/EventSamples/GoodLife/LifeTradeOrderNotifyEvent.json": {
        "order_id": "123",
        "amount": 1,
    },
    "douyin/EventSamples/Interaction/NewVideoDiggEvent.json": {"action_type": 1},
    "douyin/EventSamples/IM/IMAuthorizeEvent.json": {"auth_status": 1},
}


def rows():
    if not SAMPLES.exists():
        return [pytest.param("", id="none", marks=pytest.mark.skip(ABSENT))]
    return [pytest.param(line, id=line.split()[0]) for line in TABLE.strip().splitlines()]


def heard(path):
    body = (SAMPLES / path).read_bytes()
    if path.startswith("douyin"):
        return list(douyin.events(douyin.fields(body), "acc", body, "", NOW)), body
    told = messages.fields(body)
    if path.startswith("wechat"):
        return list(messages.events(told, "acc", body)), body
    return list(wecom.events(told, "acc", body, lambda rep: REPS.get(rep, ""))), body


@pytest.mark.parametrize("line", rows())
def test_a_sample_becomes_the_event_that_a_reader_expects(line):
    path, kind, who, *rep = line.split()
    (event,), body = heard(path)
    handle = event.handle and f"{event.handle.kind}:{event.handle.value}"
    assert (event.kind, handle or "-", [event.rep] if event.rep else []) == (kind, who, rep)
    assert event.raw == (body if "." in kind else b"")
    if path in MOMENTS:
        assert event.at.timestamp() == MOMENTS[path]
    assert FIELDS.get(path, {}).items() <= dict(event.detail).items()
    (again,), _ = heard(path)
    assert event == again


def test_the_table_knows_every_event_sample():
    if not SAMPLES.exists():
        pytest.skip(ABSENT)
    found = [*SAMPLES.glob("*/EventSamples/**/*.*"), *SAMPLES.glob("wecom/push/*")]
    listed = {line.split()[0] for line in TABLE.strip().splitlines()}
    assert {path.relative_to(SAMPLES).as_posix() for path in found} == listed


def test_no_ticket_or_code_is_kept():
    body = (
        b"<xml><SuiteId>ww</SuiteId><InfoType>suite_ticket</InfoType><TimeStamp>1403610513"
        b"</TimeStamp><SuiteTicket>worth something</SuiteTicket></xml>"
    )
    (event,) = wecom.events(messages.fields(body), "acc", body, str)
    assert "worth something" not in str(event)
