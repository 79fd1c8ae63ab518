//! Every problem the service can answer with: one row each, in English and Chinese.
//!
//! The code is what clients switch on and never changes; the status belongs to the code, and so
//! does what becomes of an answer with it. The table feeds the problem responses, the OpenAPI
//! document and `GET /v1/problems`.

/// What becomes of an answer: whether it is on record, and what a repeat with the same
/// `Idempotency-Key` gets. It cannot be told from the status: of two answers 409 one is a decision,
/// and the other asks to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// The business decided. The audit has it, it is kept under the key, and a repeat gets it again.
    Decided,
    /// Whoever asks may not do this. The audit has it, but it is not kept: who is given the
    /// permission gets further with the same key.
    Denied,
    /// The request cannot be carried out as it was sent. Nothing was decided, nothing is kept, and
    /// the key is free for the request put right.
    Unfit,
    /// It passes: the same request with the same key gets further later. An answer like this must
    /// never be kept, or what was only late would never happen.
    Transient,
}

/// What a code means, for `GET /v1/problems` and for rendering a problem (RFC 9457).
#[derive(Debug, Clone, Copy)]
pub struct CodeEntry {
    /// Stable snake_case code.
    pub code: &'static str,
    /// HTTP status that goes with it.
    pub status: u16,
    /// What becomes of an answer with it.
    pub finality: Finality,
    /// Title in English.
    pub title_en: &'static str,
    /// Title in Chinese.
    pub title_zh: &'static str,
    /// Explanation in English.
    pub description_en: &'static str,
    /// Explanation in Chinese.
    pub description_zh: &'static str,
}

macro_rules! codes {
    ($($variant:ident: $code:literal, $status:literal, $finality:ident,
        $title_en:literal, $title_zh:literal,
        $description_en:literal, $description_zh:literal;)*) => {
        /// A problem code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProblemCode {
            $(#[doc = $description_en] $variant,)*
        }

        impl ProblemCode {
            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The row of the table.
            pub const fn entry(self) -> CodeEntry {
                match self {
                    $(Self::$variant => CodeEntry {
                        code: $code,
                        status: $status,
                        finality: Finality::$finality,
                        title_en: $title_en,
                        title_zh: $title_zh,
                        description_en: $description_en,
                        description_zh: $description_zh,
                    },)*
                }
            }
        }
    };
}

codes! {
    MalformedRequest: "malformed_request", 400, Unfit,
        "The request is not valid HTTP", "请求不符合 HTTP 协议",
        "The request line, a header or the framing of the body could not be read; the connection is closed.",
        "请求行、请求头或请求体的分帧无法读取，连接随即关闭。";
    MalformedBody: "malformed_body", 400, Unfit,
        "The body is not valid JSON", "请求体不是有效的 JSON",
        "The body could not be read as JSON, is nested too deeply, or holds the same member twice.",
        "请求体无法按 JSON 解析、嵌套过深，或同一成员出现两次。";
    UnknownField: "unknown_field", 400, Unfit,
        "The body has a field nobody asked for", "请求体含有未知字段",
        "Unknown fields are refused so that a misspelt name is never silently ignored.",
        "未知字段一律拒绝，避免拼写错误被悄悄忽略。";
    InvalidField: "invalid_field", 400, Unfit,
        "A field has the wrong type or format", "字段类型或格式不正确",
        "A field is missing, has another JSON type than documented, or is not of the documented format.",
        "字段缺失、JSON 类型与文档不符，或格式不符合文档。";
    InvalidParameter: "invalid_parameter", 400, Unfit,
        "A parameter is not valid", "参数无效",
        "A path, query or header parameter is malformed, out of range or given twice.",
        "路径、查询或请求头参数格式错误、超出范围或重复。";
    UnknownParameter: "unknown_parameter", 400, Unfit,
        "A query parameter nobody asked for", "未知的查询参数",
        "Unknown query parameters are refused so that a misspelt filter never widens a result.",
        "未知查询参数一律拒绝，避免拼错的筛选条件放大结果。";
    InvalidCursor: "invalid_cursor", 400, Unfit,
        "The cursor cannot be used here", "游标无法在此使用",
        "A cursor belongs to the collection and the filters it came with.",
        "游标只能用于产生它的集合与筛选条件。";
    IdempotencyKeyMissing: "idempotency_key_missing", 400, Unfit,
        "An Idempotency-Key is required", "缺少 Idempotency-Key",
        "Requests that change exposure, money or approvals need an Idempotency-Key header so that they can be repeated safely.",
        "改变敞口、资金或审批的请求必须携带 Idempotency-Key，以便安全重试。";
    IdempotencyKeyInvalid: "idempotency_key_invalid", 400, Unfit,
        "The Idempotency-Key is not valid", "Idempotency-Key 无效",
        "A key has 1 to 255 visible ASCII characters, with or without quotes around it.",
        "键为 1 至 255 个可见 ASCII 字符，可带引号。";
    Unauthenticated: "unauthenticated", 401, Unfit,
        "A bearer token is required", "需要访问令牌",
        "The request carries no usable Authorization header.",
        "请求未携带可用的 Authorization 头。";
    InvalidToken: "invalid_token", 401, Unfit,
        "The token is not accepted", "令牌不被接受",
        "The token is expired, not yet valid, not from a trusted issuer, not meant for this service, or not intact.",
        "令牌过期、尚未生效、签发方不受信任、受众不符或已被改动。";
    InsufficientScope: "insufficient_scope", 403, Denied,
        "The token lacks a scope", "令牌缺少权限范围",
        "The WWW-Authenticate header names the scope that the operation needs.",
        "WWW-Authenticate 头给出该操作所需的权限范围。";
    FourEyesRequired: "four_eyes_required", 403, Denied,
        "Another person has to decide", "须由另一人决定",
        "Nobody approves what they asked for, and nobody decides one case twice.",
        "任何人不得审批自己的申请，也不得对同一事项重复审批。";
    OutsideOrganisation: "outside_organisation", 403, Denied,
        "Outside the caller's organisation", "超出所属机构",
        "New things can only be placed at or below the organisation of the caller.",
        "只能在调用方所属机构及其下级新建。";
    NotFound: "not_found", 404, Unfit,
        "Not found", "未找到",
        "It does not exist, or the caller is not allowed to know of it.",
        "不存在，或调用方无权知晓。";
    MethodNotAllowed: "method_not_allowed", 405, Unfit,
        "The method is not supported here", "不支持该方法",
        "The Allow header lists the methods of the resource.",
        "Allow 头列出该资源支持的方法。";
    NotAcceptable: "not_acceptable", 406, Unfit,
        "No acceptable representation", "没有可接受的表示形式",
        "Answers are application/json or application/problem+json.",
        "应答只提供 application/json 或 application/problem+json。";
    RequestTimeout: "request_timeout", 408, Transient,
        "The request took too long to arrive", "请求到达超时",
        "The head of a request has to arrive within the time allowed; the connection is closed.",
        "请求头须在限定时间内到达，连接随即关闭。";
    DuplicateSocialCreditCode: "duplicate_social_credit_code", 409, Decided,
        "A customer with this social credit code exists", "统一社会信用代码已存在",
        "One archive per customer: the code is already in use.",
        "一户一档：该代码已被使用。";
    DuplicateProductCode: "duplicate_product_code", 409, Decided,
        "A product with this code exists", "产品代码已存在",
        "Codes name products for good: the code is already in use.",
        "产品代码一经使用不再变更：该代码已被占用。";
    DuplicateReceivableNumber: "duplicate_receivable_number", 409, Decided,
        "A receivable with this number exists", "应收编号已存在",
        "The customer already has a receivable with the number.",
        "该客户已有相同编号的应收。";
    AlreadyMember: "already_member", 409, Decided,
        "The customer already belongs to a group then", "客户在该期间已属于某集团",
        "A customer belongs to at most one credit group on any day.",
        "客户在任何一天至多属于一个集团。";
    LineOverlaps: "line_overlaps", 409, Decided,
        "A line for this product and period exists", "同产品同期间的额度已存在",
        "Two lines of one customer or group for one product may not overlap in time.",
        "同一客户或集团同一产品的额度期间不得重叠。";
    InvalidTransition: "invalid_transition", 409, Decided,
        "Not possible in this state", "当前状态不允许该操作",
        "The resource has moved on; read it again to see its state.",
        "资源状态已变化，请重新读取。";
    ApprovalRequired: "approval_required", 409, Decided,
        "Somebody else has to decide", "须经审批",
        "More would be usable than before. apply_with says which application asks for it; increase says what is more: amounts before and after, or the name of a term; nothing where it cannot be measured.",
        "该操作会使可用额度增加。apply_with 给出应提交的申请；increase 给出增加之处：前后金额或条款名称，无法计量时为空。";
    ReservationCaptured: "reservation_captured", 409, Decided,
        "The reservation is already captured", "预占已全部转为占用",
        "Nothing is left of the reservation to capture or release.",
        "该预占已无剩余可占用或释放。";
    ReservationReleased: "reservation_released", 409, Decided,
        "The reservation is already released", "预占已释放",
        "What was left of the reservation has been given back.",
        "该预占剩余部分已释放。";
    ReservationExpired: "reservation_expired", 409, Decided,
        "The reservation has expired", "预占已过期",
        "What was left of the reservation went back to the limit when it expired.",
        "该预占剩余部分已在到期时归还额度。";
    PaymentReversed: "payment_reversed", 409, Decided,
        "The payment is already reversed", "收款已冲销",
        "A payment is reversed once and whole.",
        "收款只能整笔冲销一次。";
    DuplicatePaymentReference: "duplicate_payment_reference", 409, Decided,
        "A payment of this reference is on record", "该收款编号已登记",
        "The customer has a posted payment of the reference; say another where this is another one.", "该客户已有相同编号的有效收款；确为另一笔时请填写 another。";
    DuplicateContract: "duplicate_contract", 409, Decided,
        "The contract is on record", "合同已登记",
        "The line has a contract of that number.",
        "该额度已登记相同编号的合同。";
    ApplicationOutdated: "application_outdated", 409, Decided,
        "The application no longer fits", "申请已不适用",
        "What it asks for has passed, or the line has other terms than when it was submitted. Send it back or reject it.",
        "所申请的期间已过，或额度条款在提交后已变更，应退回或驳回。";
    ApprovalChecksChanged: "approval_checks_changed", 409, Decided,
        "A check fails now that did not before", "检查结果已变化",
        "Since the application was submitted something has changed: this chain may not approve it. Send it back or reject it. failed_checks has the numbers.",
        "提交后情况已变化，当前审批链无权批准，应退回或驳回；数值见 failed_checks。";
    ReferenceReused: "reference_reused", 409, Decided,
        "The reference names another order", "编号已用于其他订单",
        "The customer has a reservation of that reference with other terms; errors name what differs.",
        "该客户已有相同编号但内容不同的预占，errors 列出不一致的字段。";
    ReferralNotNeeded: "referral_not_needed", 409, Decided,
        "There is nothing to refer", "无需转人工审批",
        "The check approves the order; it can be reserved as it is.",
        "信用检查已通过，可直接预占。";
    ChangeWaiting: "change_waiting", 409, Decided,
        "A change of it waits already", "已有待确认的变更",
        "Another change of the same thing waits for a decision; have it decided or withdrawn first.",
        "同一事项已有变更待决定，请先处理或撤回。";
    ChangeOutdated: "change_outdated", 409, Decided,
        "The change no longer fits", "变更已不适用",
        "What it was asked in view of has changed meanwhile. Reject or withdraw it, and propose it anew.",
        "提出变更后情况已变化，应驳回或撤回后重新提出。";
    RequestInProgress: "request_in_progress", 409, Transient,
        "The same request is being worked on", "相同请求正在处理",
        "A request with this Idempotency-Key has not finished yet; repeat it after Retry-After seconds.",
        "相同 Idempotency-Key 的请求尚未完成，请在 Retry-After 秒后重试。";
    CursorExpired: "cursor_expired", 410, Unfit,
        "The cursor is from before a restore", "游标已失效",
        "The change feed was rebuilt since the cursor was given; start again from the beginning or a snapshot.",
        "变更流已重建，请从头或从快照重新开始。";
    PreconditionFailed: "precondition_failed", 412, Unfit,
        "The resource has changed", "资源已被修改",
        "If-Match names another version than the current one; read the resource again before changing it.",
        "If-Match 与当前版本不符，请重新读取后再修改。";
    BodyTooLarge: "body_too_large", 413, Unfit,
        "The body is too large", "请求体过大",
        "Bodies are limited to the documented size.",
        "请求体超过文档规定的大小。";
    UriTooLong: "uri_too_long", 414, Unfit,
        "The address is too long", "地址过长",
        "Paths and queries are limited in length.",
        "路径与查询串长度受限。";
    UnsupportedMediaType: "unsupported_media_type", 415, Unfit,
        "The content type is not supported", "不支持的内容类型",
        "Send application/json, or application/merge-patch+json for PATCH.",
        "请使用 application/json；PATCH 使用 application/merge-patch+json。";
    ValidationFailed: "validation_failed", 422, Decided,
        "A value is not acceptable", "取值不可接受",
        "errors[] names each field and what is wrong with it.",
        "errors[] 逐项列出字段及原因。";
    IdempotencyKeyReused: "idempotency_key_reused", 422, Unfit,
        "The Idempotency-Key was used for another request", "Idempotency-Key 已用于其他请求",
        "The same key came with another body, query or operation; use a new key for a new request.",
        "相同的键对应不同的请求体、查询或操作；新请求请使用新键。";
    CurrencyMismatch: "currency_mismatch", 422, Decided,
        "The currencies differ", "币种不一致",
        "Payment and receivable must share a currency.",
        "收款与应收的币种必须一致。";
    ExceedsReservation: "exceeds_reservation", 422, Decided,
        "More than is left of the reservation", "超过预占剩余金额",
        "The amount is more than the reservation still holds.",
        "金额超过该预占剩余部分。";
    AllocationExceedsOutstanding: "allocation_exceeds_outstanding", 422, Decided,
        "More than is outstanding", "超过应收未清金额",
        "An allocation is more than the receivable still owes.",
        "分配金额超过应收未清金额。";
    AllocationExceedsPayment: "allocation_exceeds_payment", 422, Decided,
        "More than was paid", "超过收款金额",
        "The allocations add up to more than the payment.",
        "分配合计超过收款金额。";
    CustomerNotFound: "customer_not_found", 422, Decided,
        "The customer is not known", "客户不存在",
        "The customer of the decision does not exist, or the caller may not know of it.",
        "决策所涉客户不存在，或调用方无权知晓。";
    CustomerClosed: "customer_closed", 422, Decided,
        "The customer is closed", "客户已关闭",
        "Closed customers take no new credit business.",
        "已关闭的客户不得新增授信业务。";
    CustomerExcluded: "customer_excluded", 422, Decided,
        "The customer is excluded from credit", "客户在赊销禁入名单内",
        "The customer is on the exclusion list on this day.",
        "该客户当日在赊销禁入名单内。";
    ProductUnknown: "product_unknown", 422, Decided,
        "The product is not known", "产品不存在",
        "The product is not in the catalogue, or no longer offered.",
        "产品不在目录中或已停用。";
    LineNotFound: "line_not_found", 422, Decided,
        "There is no credit line", "没有授信额度",
        "The customer has no credit line for the product.",
        "客户在该产品下没有授信额度。";
    CurrencyRateMissing: "currency_rate_missing", 422, Decided,
        "No exchange rate", "缺少汇率",
        "The currencies differ, and for the day there is no exchange rate on file, or none that is new enough.",
        "币种不同，且当日没有汇率，或汇率已过有效期。";
    LimitBelowUse: "limit_below_use", 422, Decided,
        "The limit would be below what is used", "额度将低于已用金额",
        "A limit below what is used has to be meant: say allow_overdrawn. It takes effect for new business only.",
        "额度低于已用金额时须填写 allow_overdrawn，且仅对新业务生效。";
    AuthorityFloor: "authority_floor", 422, Decided,
        "The matrix goes below the floor", "审批矩阵低于底线",
        "Some case would have no rule, too few people, or the wrong ones; errors name the rule.",
        "存在无规则、人数不足或审批人不符的情形；详见 errors。";
    AuthorityRuleMissing: "authority_rule_missing", 422, Decided,
        "No rule says who decides this", "没有适用的审批权限规则",
        "The authority matrix has no rule for the request. An administrator has to publish one.",
        "审批权限表中没有适用的规则，须由管理员发布。";
    ApprovalCheckFailed: "approval_check_failed", 422, Decided,
        "A check refuses the application", "申请未通过审批检查",
        "The credit policy refuses applications for which this check fails. failed_checks has the numbers.",
        "信用政策规定该检查未通过时不得申请，数值见 failed_checks。";
    NothingToDelegate: "nothing_to_delegate", 422, Decided,
        "There is nothing to delegate", "没有可委托的权限",
        "Only who may decide steps of approvals can delegate that for some days.",
        "只有具备审批权限的人员才能在一定期间内委托他人。";
    LineNotActive: "line_not_active", 422, Decided,
        "The line is not active", "额度未生效",
        "The line is closed or not yet active.",
        "额度已关闭或尚未生效。";
    LineSuspended: "line_suspended", 422, Decided,
        "The line is suspended", "额度已暂停",
        "Suspended lines take no new exposure and still release.",
        "暂停的额度不接受新增敞口，仍可释放。";
    LineNotYetValid: "line_not_yet_valid", 422, Decided,
        "The line is not valid yet", "额度尚未到生效日",
        "The first day of use is still to come.",
        "额度生效日未到。";
    LineExpired: "line_expired", 422, Decided,
        "The line has expired", "额度已到期",
        "Expired lines take no new exposure and still release.",
        "到期的额度不接受新增敞口，仍可释放。";
    SupplyHold: "supply_hold", 422, Decided,
        "Supply is on hold", "已停止供货",
        "A supply hold blocks new reservations.",
        "停止供货期间不得新增预占。";
    GradeCashOnly: "grade_cash_only", 422, Decided,
        "Cash only", "仅限现款",
        "The grade of the customer allows cash business only.",
        "该客户等级仅限现款交易。";
    OverdueExceeded: "overdue_exceeded", 422, Decided,
        "Too much is overdue", "逾期超限",
        "Overdue days or amount are above the threshold.",
        "逾期天数或金额超过阈值。";
    DunningLevelExceeded: "dunning_level_exceeded", 422, Decided,
        "Dunning has gone too far", "催收等级过高",
        "The dunning level of the customer blocks new credit business.",
        "客户的催收等级不允许新增授信业务。";
    DocumentsMissing: "documents_missing", 422, Decided,
        "Required documents are missing", "缺少必备资料",
        "A document that the policy requires is missing or out of date.",
        "政策要求的资料缺失或过期。";
    DocumentTooLarge: "document_too_large", 422, Decided,
        "The order is too large", "单笔金额过大",
        "A single order is larger than the rules allow, or cannot be measured for want of a rate.",
        "单笔订单超过规则允许的金额，或因缺少汇率无法计量。";
    OldestItemExceeded: "oldest_item_exceeded", 422, Decided,
        "An open receivable is too old", "未清应收时间过长",
        "The oldest open receivable is older than the rules allow.",
        "最早的未清应收超过规则允许的天数。";
    ComponentLimitExceeded: "component_limit_exceeded", 422, Decided,
        "A component would be exceeded", "超过分项限额",
        "Open receivables, overdue receivables or open orders of the customer are above their own limit.",
        "客户的未清应收、逾期应收或在途订单超过各自的限额。";
    DepositMissing: "deposit_missing", 422, Decided,
        "The deposit is missing", "保证金不足",
        "The line asks for a larger cash deposit than the order brings.",
        "订单的保证金低于额度要求的比例。";
    TermExceeded: "term_exceeded", 422, Decided,
        "The term is longer than approved", "账期超过批准期限",
        "The payment term, counted from today, is longer than the lines and the product allow.",
        "自今日起算的账期超过额度或产品批准的期限。";
    LimitExceeded: "limit_exceeded", 422, Decided,
        "The limit would be exceeded", "超过额度",
        "There is not enough room at the named level.",
        "所示层级的可用额度不足。";
    PreconditionRequired: "precondition_required", 428, Unfit,
        "If-Match is required", "需要 If-Match",
        "Changes need If-Match with the ETag that was read, decisions that or approval_id: nothing is lost or decided blind.",
        "修改须携带所读 ETag 的 If-Match，审批亦可以 approval_id 指明所读的审批，避免覆盖他人的修改或未阅即批。";
    RateLimited: "rate_limited", 429, Transient,
        "Too many requests", "请求过多",
        "The quota of the caller is used up; Retry-After says when more is allowed.",
        "调用方配额已用完，Retry-After 给出可重试时间。";
    HeadersTooLarge: "headers_too_large", 431, Unfit,
        "The headers are too large", "请求头过大",
        "Request headers are limited in size.",
        "请求头大小受限。";
    InternalError: "internal_error", 500, Transient,
        "Something went wrong here", "服务内部错误",
        "The request was not carried out; the request id finds the reason in the log.",
        "请求未执行；可凭请求编号在日志中查明原因。";
    Overloaded: "overloaded", 503, Transient,
        "Too busy", "服务繁忙",
        "More requests are waiting than the service takes on; try again after Retry-After seconds.",
        "等待中的请求已达上限，请在 Retry-After 秒后重试。";
    Unavailable: "unavailable", 503, Transient,
        "Temporarily unavailable", "暂时不可用",
        "The database cannot be reached or did not answer in time; repeat the request with the same Idempotency-Key.",
        "数据库不可达或未及时应答；请使用相同 Idempotency-Key 重试。";
}

impl ProblemCode {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        self.entry().code
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.entry().status
    }

    /// Whether an answer with it is kept under the key of the request.
    pub const fn is_kept(self) -> bool {
        matches!(self.entry().finality, Finality::Decided)
    }

    /// Whether the audit has a refusal with it.
    pub const fn is_on_record(self) -> bool {
        matches!(self.entry().finality, Finality::Decided | Finality::Denied)
    }

    /// Whether it passes, so that what was asked may be done later under the same key.
    pub const fn is_transient(self) -> bool {
        matches!(self.entry().finality, Finality::Transient)
    }

    /// Finds a code by its stable name.
    pub fn find(code: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == code)
    }
}

#[cfg(test)]
mod tests;
