//! Texts of Huawei's tickets. Texts that the API translates are in Chinese and English.

use crate::sim::settings::Language;

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    chinese: &'static str,
    english: &'static str,
}

impl Words {
    pub(crate) fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.chinese,
            Language::English => self.english,
        }
    }
}

const fn words(chinese: &'static str, english: &'static str) -> Words {
    Words { chinese, english }
}

/// Codes of operations and their descriptions: the list of the Chinese reference page.
pub(crate) const OPERATIONS: [(i64, Words); 14] = [
    (0, words("创建工单", "Ticket created")),
    (2, words("催单", "Ticket urged")),
    (3, words("关闭工单", "Ticket closed")),
    (4, words("撤销工单", "Ticket canceled")),
    (5, words("评价工单", "Ticket rated")),
    (13, words("删除工单", "Ticket deleted")),
    (16, words("用户中心驳回", "Rejected by the user center")),
    (73, words("租户确认授权", "Authorization confirmed by the tenant")),
    (74, words("租户拒绝授权", "Authorization rejected by the tenant")),
    (83, words("租户取消授权", "Authorization canceled by the tenant")),
    (84, words("租户导出工单", "Ticket exported by the tenant")),
    (85, words("客户反馈\"待反馈\"工单", "Customer answered a \"pending feedback\" ticket")),
    (114, words("修改联系方式", "Contact changed")),
    (115, words("删除联系方式", "Contact deleted")),
];

/// Codes of a case's status.
pub(crate) const STATUSES: [i64; 9] = [0, 1, 2, 3, 4, 5, 12, 13, 17];

pub(crate) const BUSINESS_TYPES: [Words; 4] =
    [words("弹性云服务器", "Elastic Cloud Server"), words("费用", "Billing"), words("备案", "Filing"), words("域名", "Domains")];
pub(crate) const INCIDENT_TYPES: [Words; 3] =
    [words("技术支持", "Technical support"), words("咨询", "Question"), words("投诉与建议", "Complaint or suggestion")];
pub(crate) const PRODUCTS: [Words; 4] =
    [words("计算", "Computing"), words("存储", "Storage"), words("网络", "Networking"), words("数据库", "Databases")];
pub(crate) const REGIONS: [Words; 3] =
    [words("华南-广州", "CN South-Guangzhou"), words("亚太-新加坡", "AP-Singapore"), words("欧洲-都柏林", "EU-Dublin")];

pub(crate) const DESCRIPTIONS: [&str; 8] = [
    "Instance cannot be reached",
    "Disk is slow since Monday",
    "Invoice shows a \"deposit\"",
    "域名解析失败",
    "Quota of 10 EIPs, please raise",
    "Backup failed: C:\\data\\dump",
    "Certificate expires soon 🔐",
    "line one\nline two",
];
pub(crate) const ROOT_CAUSES: [&str; 3] = ["Configuration of the customer", "Hardware failure", "Unclear"];
pub(crate) const RESOLUTIONS: [&str; 3] = ["Restarted", "Refunded, see the bill", ""];
pub(crate) const PEOPLE: [&str; 6] = ["李雷", "韩梅梅", "Ada Okafor", "Jürgen Groß", "support-01", "O'Neill"];
pub(crate) const CONTENTS: [&str; 6] = [
    "你好，请问什么时候可以恢复？",
    "We are looking into it.",
    "See <a href=\"https://example.com\">the manual</a>.",
    "Thanks!\n\nBest regards",
    "",
    "Logs attached, 3 files.",
];
/// Names and colours of labels. `label_id` contains the number.
pub(crate) const LABELS: [(&str, &str); 5] =
    [("urgent", "#d9001b"), ("billing", "#f59a23"), ("重要", "#63a103"), ("to-check", "#02a7f0"), ("late", "#8400ff")];
