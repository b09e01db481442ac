"""The event catalogue (事件目录): which kinds of events there are, whose they are, what they weigh.

A name that a front end made up ("Order Completed", "order_completed", "orderCompleted") is one of
our kinds in another spelling, or becomes ``track.<name>``. Does not check what an event carries.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType

from kernel.values import dataclass
from kernel.wording import known as worded
from kernel.wording import say

OWN_ACCOUNT = "juzhen"
"""The account that tells of what we did ourselves."""
MACHINE = "fetched_by_machine"
"""What a crawler, a preview or a fetch ahead did; ``as`` says what a person would have done."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event. ``weight`` is how much interest in its material it shows."""

    name: str
    zh: str
    en: str
    owner: str
    """Who answers for its meaning: ``customer`` (she did it), ``house`` (we did), ``system``."""
    weight: float = 0.0
    required: tuple[str, ...] = ()
    """What an event of this kind should carry; one without is taken, and counted as lacking it."""
    version: int = 1
    """Counted up when what it should carry changes."""

    def label(self, language: str = "zh") -> str:
        return self.en if language == "en" else self.zh


_HERS = [
    EventKind("opened_link", "打开了链接", "opened a link", "customer", 1.0, ("material",)),
    EventKind("opened_app_link", "打开了 App 的链接", "opened a link to the app", "customer", 1.0),
    EventKind("installed_app", "安装了 App", "installed the app", "customer", 4.0),
    EventKind(
        "opened_expired_link", "打开了已下架的链接", "opened an expired link", "customer", 0.5
    ),
    EventKind("read_material", "阅读了内容", "read a material", "customer", 2.0, ("material",)),
    EventKind("finished_material", "读完了内容", "read to the end", "customer", 3.0, ("material",)),
    EventKind("shared_material", "转发了内容", "shared a material", "customer", 4.0, ("material",)),
    EventKind("liked_material", "点赞了", "liked a material", "customer", 2.5, ("material",)),
    EventKind("commented", "评论了", "commented", "customer", 3.0, ("material",)),
    EventKind("saved_material", "收藏了内容", "saved a material", "customer", 3.0, ("material",)),
    EventKind("saved_image", "保存了图片", "saved an image", "customer", 3.0, ("material",)),
    EventKind("turned_page", "翻阅了页面", "turned a page", "customer", 0.3, ("material",)),
    EventKind("downloaded_file", "下载了文件", "downloaded a file", "customer", 3.0, ("material",)),
    EventKind("disliked", "表示不感兴趣", "was not interested", "customer", -4.0, ("material",)),
    EventKind("played_video", "观看了视频", "played a video", "customer", 2.0),
    EventKind("entered_livestream", "进入了直播间", "entered a livestream", "customer", 2.5),
    EventKind("used_tool", "使用了工具", "used a tool", "customer", 3.5),
    EventKind("viewed_page", "浏览了页面", "viewed a page", "customer", 0.5),
    EventKind("opened_form", "打开了表单", "opened a form", "customer", 1.0),
    EventKind("viewed_product", "查看了产品", "looked at a product", "customer", 1.5, ("product",)),
    EventKind("searched", "搜索了", "searched", "customer", 0.5, ("query",)),
    EventKind("signed_up", "注册了", "signed up", "customer"),
    EventKind("signed_in", "登录了", "signed in", "customer"),
    EventKind("identified", "更新了资料", "told who she is", "customer"),
    EventKind("parted_id", "解绑了标识", "had an id taken off", "customer"),
    EventKind("joined_group", "加入了群组", "joined a group", "customer"),
    EventKind("followed", "关注了", "followed", "customer", 1.0),
    EventKind("unfollowed", "取消了关注", "unfollowed", "customer"),
    EventKind("left_group", "退出了群组", "left a group", "customer"),
    EventKind("asked_to_join_group", "申请入群", "asked to join a group", "customer", 1.0),
    EventKind("became_member", "加入了会员", "became a member", "customer", 2.0),
    EventKind("left_membership", "退出了会员", "left the membership", "customer"),
    EventKind("opened_chat", "打开了会话", "opened the chat", "customer", 0.5),
    EventKind("dialled_phone", "拨打了电话", "dialled our number", "customer", 3.0),
    EventKind(
        "located", "上报了位置", "told where she is", "customer", 0.0, ("latitude", "longitude")
    ),
    EventKind(
        "answered_message_request", "回应了消息授权", "answered a request to send", "customer"
    ),
    EventKind("agreed_to_archive", "同意存档会话", "agreed to an archive", "customer"),
    EventKind("withdrew_authorization", "撤回了信息授权", "withdrew her data", "customer"),
    EventKind("redeemed", "核销了券", "redeemed a voucher", "customer", 4.0),
    EventKind("cancelled_order", "取消了订单", "cancelled an order", "customer"),
    EventKind("ordered", "下单了", "placed an order", "customer", 5.0, ("amount",)),
    EventKind("messaged", "发来了消息", "sent a message", "customer", 1.0),
    EventKind("clicked_menu", "点击了菜单", "chose from the menu", "customer", 0.5),
    EventKind("scanned_code", "扫描了二维码", "scanned a code", "customer", 1.0),
    EventKind("left_contact", "留下了联系方式", "left her contact", "customer", 3.0),
    EventKind("asked_quote", "试算了方案", "asked for a quote", "customer", 3.5),
    EventKind("added_to_cart", "加入了购物车", "put into the cart", "customer", 2.5, ("product",)),
    EventKind("booked", "预约了", "booked", "customer", 4.0),
    EventKind("bought", "购买了", "bought", "customer", 6.0, ("amount", "product")),
    EventKind("refunded", "退款了", "was refunded", "customer", 0.0, ("amount",)),
    EventKind("complained", "投诉了", "complained", "customer"),
    EventKind("case_opened", "提出了售后问题", "opened an after-sales case", "customer"),
    EventKind("asked_return", "申请退货", "asked to return what she bought", "customer"),
    EventKind("praised", "好评了客户经理", "praised her rep", "customer", 1.0),
    EventKind("invited", "邀请了朋友", "invited a friend", "customer", 2.0),
    EventKind("added_contact", "添加了好友", "added her rep", "customer", 1.0),
    EventKind("removed_contact", "删除了好友", "removed her rep", "customer"),
    EventKind("opted_out", "退订了", "opted out", "customer"),
    EventKind("opted_in", "同意接收", "opted in", "customer"),
]
_HOUSE = [
    EventKind("changed_parameter", "调整了活动参数", "had a parameter changed", "house"),
    EventKind("placed", "上架了", "was put on shelf", "house", 0.0, ("material",)),
    EventKind("retired", "下架了", "was taken off shelf", "house", 0.0, ("material",)),
    EventKind("published", "发布了", "was published", "house"),
    EventKind("posted_moment", "发表了朋友圈", "posted to moments", "house"),
    EventKind("sent", "发送给客户", "was sent to her", "house"),
    EventKind("recommended", "推荐给客户经理", "was recommended to the rep", "house"),
    EventKind("refused_content", "被认为不合适", "was found unfit by the rep", "house"),
    EventKind("reminded", "提醒了客户经理", "reminded the rep", "house"),
    EventKind("opened_reminder", "提醒被查看", "had the reminder about her opened", "house"),
    EventKind("put_off", "推迟了跟进", "had the reminder about her put off", "house"),
    EventKind("done", "完成了跟进", "was followed up", "house"),
    EventKind("copied_script", "复制了话术", "had a script copied", "house", 0.0, ("material",)),
    EventKind("edited_script", "改写了话术", "had a script reworded", "house", 0.0, ("material",)),
    EventKind("sent_script", "发送了话术", "was sent a script", "house", 0.0, ("material",)),
    EventKind("called", "致电客户", "was called", "house"),
    EventKind("chatted", "聊过", "was talked with", "house"),
    EventKind("replied", "回复了客户", "was answered", "house"),
    EventKind("visited", "拜访客户", "was visited", "house"),
    EventKind("entrusted", "分配了客户经理", "was given a rep", "house"),
    EventKind("founded", "新建了机构", "founded a unit", "house"),
    EventKind("hired", "添加了员工", "took somebody on", "house"),
    EventKind("enrolled", "发放了登录", "was given a login", "house"),
    EventKind("changed_staff", "修改了员工资料", "had somebody's role or unit changed", "house"),
    EventKind("left_company", "员工离职", "left the company", "house"),
    EventKind("rejoined", "员工重新入职", "was taken on again", "house"),
    EventKind("took_over", "接手了一批客户", "took customers over", "house"),
    EventKind("erasure_begun", "开始删除个人信息", "erasure was begun", "house"),
    EventKind("erased", "个人信息已删除", "was erased", "house"),
    EventKind("erased_bytes", "日志中的残留也已清除", "was gone from the logs, too", "house"),
    EventKind("exported", "个人信息已导出", "had her data exported", "house"),
    EventKind("exported_readings", "导出了阅读日志", "had all readings exported", "house"),
    EventKind("left_boards", "退出排行榜", "left the leaderboards", "house"),
    EventKind("came_back_to_boards", "重新加入排行榜", "came back to the leaderboards", "house"),
    EventKind("chose_board", "调整看板指标", "had a board chosen", "house"),
    EventKind("given_code", "领取了转介绍码", "was given a referral code", "house"),
    EventKind("brought_customer", "带来了新客户", "brought a customer", "house"),
    EventKind("paid_reward", "兑付了转介绍奖励", "was paid a referral reward", "house"),
    EventKind("lead_judged", "回传了线索质量", "had the worth of her lead told back", "house"),
    EventKind("noted_spend", "登记投放花费", "had spending noted", "house"),
    EventKind("revealed", "查看了客户资料", "had her data looked at", "house"),
]
_SYSTEM = [
    EventKind("policy_issued", "保单承保", "had a policy issued", "system"),
    EventKind("policy_renewed", "保单续期", "had a policy renewed", "system"),
    EventKind("policy_matured", "保单到期", "had a policy mature", "system"),
    EventKind("holding_noted", "持有产品更新", "had a holding noted", "system", 0.0, ("product",)),
    EventKind("item_noted", "物品资料更新", "had an item noted", "system"),
    EventKind("item_removed", "物品资料移除", "had an item removed", "system"),
    EventKind("imported", "导入了资料", "was imported", "system"),
    EventKind(
        "own_link_opened", "专属链接被打开", "had her own link opened", "system", 0.0, ("material",)
    ),
    EventKind("removed_by_rep", "被客户经理删除", "was removed by the rep", "house"),
    EventKind("contact_edited", "客户资料被修改", "had her contact edited", "house"),
    EventKind("transfer_failed", "客户转接失败", "could not be transferred", "system"),
    EventKind("rep_acted", "客户经理使用了应用", "the rep used the app", "house"),
    EventKind("card_answered", "客户经理处理了卡片", "the rep answered a card", "house"),
    EventKind("replied_on_platform", "在平台上回复了客户", "was replied to there", "house"),
    EventKind("group_changed", "群聊发生变化", "a group changed", "system"),
    EventKind("tag_changed", "企业标签发生变化", "a corporate tag changed", "system"),
    EventKind("staff_changed", "通讯录发生变化", "the address book changed", "system"),
    EventKind("job_finished", "平台任务完成", "a platform's job ended", "system"),
    EventKind("account_notice", "平台账号通知", "a notice to the account", "system"),
    EventKind("platform_figures", "平台统计", "the platform counted", "system"),
    EventKind("post_created", "平台上有了新作品", "a post appeared there", "system"),
    EventKind("complaint_settled", "投诉已解决", "had a complaint settled", "system"),
    EventKind(MACHINE, "机器抓取了页面", "was fetched by a machine", "system"),
    EventKind("case_closed", "售后问题已解决", "had an after-sales case closed", "system"),
]

OWNERS = ("customer", "house", "system")
"""Who may answer for a kind."""
KINDS = MappingProxyType({kind.name: kind for kind in (*_HERS, *_HOUSE, *_SYSTEM)})
"""Every kind we know of, by name."""

_ALSO = {
    "application_installed": "installed_app",
    "application_opened": "viewed_page",
    "article_read": "read_material",
    "cart_viewed": "viewed_page",
    "checkout_started": "asked_quote",
    "comment_added": "commented",
    "content_shared": "shared_material",
    "content_viewed": "read_material",
    "contact_left": "left_contact",
    "identify": "identified",
    "form_opened": "opened_form",
    "lead_submitted": "left_contact",
    "link_opened": "opened_link",
    "liked": "liked_material",
    "material_finished": "finished_material",
    "material_liked": "liked_material",
    "material_opened": "read_material",
    "material_read": "read_material",
    "material_saved": "saved_material",
    "material_shared": "shared_material",
    "material_viewed": "read_material",
    "message_sent": "messaged",
    "order_completed": "bought",
    "order_paid": "bought",
    "order_refunded": "refunded",
    "page": "viewed_page",
    "page_viewed": "viewed_page",
    "product_added": "added_to_cart",
    "product_clicked": "viewed_product",
    "product_shared": "shared_material",
    "product_viewed": "viewed_product",
    "products_searched": "searched",
    "purchase": "bought",
    "purchased": "bought",
    "quote_requested": "asked_quote",
    "screen": "viewed_page",
    "screen_viewed": "viewed_page",
    "signed_out": "viewed_page",
    "sign_up": "signed_up",
    "subscribe": "followed",
    "tool_used": "used_tool",
    "unsubscribe": "unfollowed",
    "video_playback_completed": "played_video",
    "video_playback_started": "played_video",
    "watched_video": "played_video",
    "watched_live": "entered_livestream",
    "video_watched": "played_video",
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GAP = re.compile(r"[^\w.]+|_+", re.UNICODE)
_NAME_LIMIT = 80


def called(name: str, language: str) -> str:
    """What people call an event of this kind; own acts that no figure counts are no kinds of the
    catalogue and have words all the same."""
    own = f"did_{name}"
    if name in KINDS or not worded(own):
        return kind_of(name).label(language)
    return say(own, language)


@lru_cache(maxsize=4096)
def kind_of(name: str) -> EventKind:
    """The kind behind a name in any spelling. One that nobody knows becomes ``track.<name>``.

    Asking twice gives the same: the kind's own name is one of its spellings.
    """
    if known := KINDS.get(name):
        return known
    made_up = name.startswith("track.")
    spelled = _GAP.sub("_", _HUMP.sub("_", name.removeprefix("track.").strip())).strip("_").lower()
    if not made_up and (known := KINDS.get(_ALSO.get(spelled, spelled))):
        return known
    spelled = spelled[:_NAME_LIMIT] or "unnamed"
    return EventKind(f"track.{spelled}", spelled, spelled.replace("_", " "), "customer", 0.5)
