"""The vocabulary that ships (自带标签): what rules name by number. Topics are the company's own."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """One tag to be made at the first start, if it is not there yet."""

    code: str
    zh: str
    en: str
    synonyms: tuple[str, ...] = ()

    @property
    def facet(self) -> str:
        return self.code.partition(".")[0]


SHIPPED = (
    Word("stage.connect", "连接", "Connect", ("破冰", "开场")),
    Word("stage.facilitate", "促成", "Facilitate", ("成交",)),
    Word("stage.deliver", "交割", "Deliver", ("交付",)),
    Word("stage.after_sales", "售后", "After-sales"),
    Word("purpose.chat_topic", "聊天话题", "Chat topic", ("谈资",)),
    Word("purpose.persona", "人设打造", "Persona building"),
    Word("purpose.after_sales_tool", "售后工具", "After-sales tool"),
    Word("purpose.promotion", "促销", "Promotion"),
    Word("purpose.education", "客户教育", "Education", ("科普",)),
    Word("purpose.objection", "异议处理", "Objection handling", ("拒绝处理",)),
    Word("resistance.understanding", "理解阻力", "Understanding", ("看不懂",)),
    Word("resistance.motivation", "动机阻力", "Motivation"),
    Word("resistance.trust", "信任阻力", "Trust"),
    Word("resistance.action_cost", "行动成本", "Action cost"),
    Word("need.functional", "功能需求", "Functional"),
    Word("need.emotional", "情感需求", "Emotional"),
    Word("need.life_changing", "改变生活", "Life-changing"),
    Word("need.social_impact", "社会影响", "Social impact"),
    Word("need.business_basic", "企业·基本需求", "Business: basic"),
    Word("need.business_functional", "企业·功能需求", "Business: functional"),
    Word("need.business_ease", "企业·省心易用", "Business: ease"),
    Word("need.business_individual", "企业·个人价值", "Business: individual"),
    Word("need.business_ideal", "企业·理想愿景", "Business: ideal"),
    Word("trust_device.reciprocity", "互惠", "Reciprocity"),
    Word("trust_device.introducer", "介绍人", "Introducer"),
    Word("trust_device.authority", "权威", "Authority"),
    Word("trust_device.brand", "品牌", "Brand"),
    Word("trust_device.cases", "案例", "Cases"),
    Word("trust_device.collateral", "抵押", "Collateral"),
    Word("trust_device.social_proof", "社会认同", "Social proof", ("口碑",)),
    Word("trust_device.proof_by_action", "行动证明", "Proof by action"),
    Word("trust_device.expert_identity", "专家身份", "Expert identity"),
    Word("trust_device.commitment", "承诺", "Commitment"),
    Word("tone.relaxed", "轻松幽默", "Relaxed and humorous"),
    Word("tone.warm", "温暖", "Warm"),
    Word("tone.professional", "专业", "Professional"),
    Word("tone.exclusive", "专属", "Exclusive", ("专享", "限定")),
)
