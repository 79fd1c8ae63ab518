//! Credit groups and their members over HTTP.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::scopes;
use crate::error::Error;
use crate::exposure::app::groups::{self as app, GroupChange, Leaving, NewGroup, NewMember};
use crate::exposure::domain::groups::{GroupBasis, GroupLimitMode, MembershipEntity, MembershipId};
use crate::exposure::store::groups::{self as store, GroupFilter, GroupRow, MembershipRow};
use crate::platform::http::Reply;
use crate::platform::http::answers::{Created, Listing, Resource};
use crate::platform::http::command::{Command, IfMatch, KeyedCommand, PatchCommand};
use crate::platform::http::cursor::listing;
use crate::platform::http::guard::Require;
use crate::platform::http::parameters::{Parameters, PathId};
use crate::platform::http::types::{Date, Text, given};
use crate::platform::store::tx::Reader;
use crate::values::ids::{CustomerId, GroupEntity, GroupId};
use crate::values::organisation::OrgPath;
use crate::{listing_parameters, page, resource};

/// What a new group starts with.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "示例集团", "basis": "control", "org_path": "head-office/east"}))]
pub struct CreateCreditGroup {
    /// Name.
    pub name: Text<200>,
    /// Why its members belong together.
    pub basis: GroupBasis,
    /// How its ceiling bounds the members; `pooled` when left out.
    #[serde(default)]
    pub limit_mode: Option<GroupLimitMode>,
    /// Organisation that looks after the group, at or below the caller's own, which it is when
    /// left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, pattern = "^[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)*$", example = "head-office/east")]
    pub org_path: Option<OrgPath>,
}

/// Changes to a group: absent members stay.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "示例控股集团", "basis": "consolidation"}))]
pub struct PatchCreditGroup {
    /// Name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Text<200>, required = false)]
    pub name: Option<Text<200>>,
    /// Why its members belong together.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = GroupBasis, required = false)]
    pub basis: Option<GroupBasis>,
    /// How its ceiling bounds the members, for decisions from now on. A mode by which more becomes
    /// usable is applied for, and so is one under which the ceiling is exceeded.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = GroupLimitMode, required = false)]
    pub limit_mode: Option<GroupLimitMode>,
}

/// A credit group: customers that are one risk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditGroup, example = json!({
    "id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "name": "示例集团", "basis": "control",
    "limit_mode": "pooled", "org_path": "head-office/east", "version": 1,
    "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
}))]
pub struct CreditGroupView {
    /// Identifier.
    pub id: GroupId,
    /// Name.
    pub name: Text<200>,
    /// Why its members belong together.
    pub basis: GroupBasis,
    /// How its ceiling bounds the members.
    pub limit_mode: GroupLimitMode,
    /// Organisation that looks after the group.
    pub org_path: OrgPath,
    /// Version, for If-Match.
    pub version: i64,
    /// Instant of creation.
    pub created_at: DateTime<Utc>,
    /// Instant of the latest change.
    pub updated_at: DateTime<Utc>,
}

/// Who joins a group, and since when.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "from": "2026-01-05",
    "evidence": "持股 60%，见 2025 年度审计报告附注",
}))]
pub struct JoinCreditGroup {
    /// The customer.
    pub customer_id: CustomerId,
    /// First day of membership, today or earlier.
    pub from: Date,
    /// What shows the control or consolidation.
    #[serde(default)]
    pub evidence: Option<Text<2000>>,
}

/// The end of a membership. It is recorded on its day and not taken back: a customer that belongs to
/// the group again joins again.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2026-06-30", "evidence": "股权转让协议 2026-06-30"}))]
pub struct PatchCreditGroupMember {
    /// Last day of membership: today.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Date, required = false)]
    pub until: Option<Date>,
    /// What shows that the customer belongs to the group no more; needed with `until`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Text<2000>, required = false)]
    pub evidence: Option<Text<2000>>,
}

/// The membership of a customer in a credit group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditGroupMember, example = json!({
    "id": "01940ca0-11f2-7d2c-a4b1-90c3d2e1f001", "group_id": "01940c9e-8c11-7a10-9d55-0f1e2d3c4b5a",
    "customer_id": "01940c9e-7a3b-7d2c-8f00-3b9aca001234", "from": "2026-01-05", "until": null,
    "evidence": "持股 60%，见 2025 年度审计报告附注", "leaving_evidence": null, "version": 1,
    "created_at": "2026-01-05T02:00:00Z",
}))]
pub struct CreditGroupMemberView {
    /// Identifier.
    pub id: MembershipId,
    /// The group.
    pub group_id: GroupId,
    /// The member.
    pub customer_id: CustomerId,
    /// First day of membership.
    pub from: Date,
    /// Last day of membership; null while it lasts.
    #[schema(required = true)]
    pub until: Option<Date>,
    /// What shows the control or consolidation.
    #[schema(required = true)]
    pub evidence: Option<Text<2000>>,
    /// What shows that it has ended.
    #[schema(required = true)]
    pub leaving_evidence: Option<Text<2000>>,
    /// Version, for If-Match.
    pub version: i64,
    /// Instant of recording.
    pub created_at: DateTime<Utc>,
}

page! {
    /// A page of credit groups.
    CreditGroupPage of CreditGroupView
}

page! {
    /// A page of memberships.
    CreditGroupMemberPage of CreditGroupMemberView
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListCreditGroups for GroupFilter {
        /// Why the members belong together.
        basis: GroupBasis,
        /// At or below this organisation.
        #[param(example = "head-office/east")]
        org_path: OrgPath,
    }
}

listing_parameters! {
    /// What the listing is narrowed by.
    ListCreditGroupMembers {
        /// Only memberships that include this day.
        on: Date,
    }
}

resource! { CreditGroupView { id } at "/v1/credit-groups/{id}" }

resource! { CreditGroupMemberView { group_id, id } at "/v1/credit-groups/{group_id}/members/{id}" }

impl From<GroupRow> for CreditGroupView {
    fn from(row: GroupRow) -> Self {
        let GroupRow {
            bucket: _,
            id,
            name,
            basis,
            org_path,
            version,
            created_at,
            updated_at,
            limit_mode,
        } = row;
        Self {
            id,
            name: Text(name),
            basis,
            limit_mode,
            org_path,
            version,
            created_at,
            updated_at,
        }
    }
}

impl From<MembershipRow> for CreditGroupMemberView {
    fn from(row: MembershipRow) -> Self {
        let MembershipRow {
            bucket: _,
            id,
            customer_id,
            group_id,
            member_from,
            member_until,
            evidence,
            version,
            created_at,
            leaving_evidence,
        } = row;
        Self {
            id,
            group_id,
            customer_id,
            from: Date(member_from),
            until: member_until.map(Date),
            evidence: evidence.map(Text),
            leaving_evidence: leaving_evidence.map(Text),
            version,
            created_at,
        }
    }
}

/// Set up a credit group
///
/// Customers under one actual controller or in one set of consolidated accounts are one risk.
#[utoipa::path(
    post,
    path = "/v1/credit-groups",
    tag = "credit-groups",
    operation_id = "createCreditGroup"
)]
pub async fn create(
    guard: Require<scopes::CreditGroupsWrite>,
    command: Command<CreateCreditGroup>,
) -> Reply<Created<CreditGroupView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewGroup {
        name: body.name.0,
        basis: body.basis,
        limit_mode: body.limit_mode.unwrap_or(GroupLimitMode::Pooled),
        org_path: body.org_path,
    };
    guard
        .write("credit_group.create", repeatable, move |tx| {
            Ok(Created(app::create(tx, &new)?.into()))
        })
        .await
}

/// List credit groups
///
/// Newest first. Only groups of the caller's own organisation and below are shown, and none to
/// customers themselves.
#[utoipa::path(
    get,
    path = "/v1/credit-groups",
    tag = "credit-groups",
    operation_id = "listCreditGroups"
)]
pub async fn list(
    guard: Require<scopes::CreditGroupsRead>,
    parameters: Parameters<ListCreditGroups>,
) -> Result<Listing<CreditGroupPage>, Error> {
    let load = |reader: &mut Reader<'_>, values: &ListCreditGroups, after, limit| {
        let rows = store::list(reader, &values.into(), after, limit)?;
        Ok(rows.into_iter().map(CreditGroupView::from).collect())
    };
    listing(&guard, parameters, load, |view: &CreditGroupView| view.id).await
}

/// Read a credit group
///
/// As it is now; its members are a collection of their own.
#[utoipa::path(
    get,
    path = "/v1/credit-groups/{group_id}",
    tag = "credit-groups",
    operation_id = "getCreditGroup"
)]
pub async fn get(
    guard: Require<scopes::CreditGroupsRead>,
    id: PathId<GroupEntity>,
) -> Result<Resource<CreditGroupView>, Error> {
    guard
        .read(move |reader| {
            let row = store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
            Ok(Resource(row.into()))
        })
        .await
}

/// Change a credit group
///
/// A merge patch: absent members stay. A mode by which more becomes usable is applied for:
/// `approval_required`. `If-Match` carries the ETag that was read.
#[utoipa::path(
    patch,
    path = "/v1/credit-groups/{group_id}",
    tag = "credit-groups",
    operation_id = "patchCreditGroup"
)]
pub async fn patch(
    guard: Require<scopes::CreditGroupsWrite>,
    id: PathId<GroupEntity>,
    if_match: IfMatch,
    command: PatchCommand<PatchCreditGroup>,
) -> Reply<Resource<CreditGroupView>> {
    let (body, repeatable) = command.into_parts();
    let change = GroupChange {
        name: body.name.map(|name| name.0),
        basis: body.basis,
        limit_mode: body.limit_mode,
    };
    guard
        .write("credit_group.change", repeatable, move |tx| {
            let seen = if_match.seen(|_, row| Ok(CreditGroupView::from(row)));
            Ok(Resource(app::change(tx, id.0, &seen, &change)?.into()))
        })
        .await
}

/// List the members of a credit group
///
/// Every membership that was ever recorded, newest first; with `on`, those that include the day.
/// Members that the caller may not know of as customers are left out.
#[utoipa::path(
    get,
    path = "/v1/credit-groups/{group_id}/members",
    tag = "credit-groups",
    operation_id = "listCreditGroupMembers"
)]
pub async fn members(
    guard: Require<scopes::CreditGroupsRead>,
    id: PathId<GroupEntity>,
    parameters: Parameters<ListCreditGroupMembers>,
) -> Result<Listing<CreditGroupMemberPage>, Error> {
    let load = move |reader: &mut Reader<'_>, values: &ListCreditGroupMembers, after, limit| {
        store::find(reader, id.0)?.ok_or_else(Error::not_found)?;
        let on = values.on.map(|on| on.0);
        let rows = store::members(reader, id.0, on, after, limit)?;
        Ok(rows.into_iter().map(CreditGroupMemberView::from).collect())
    };
    listing(&guard, parameters, load, |view: &CreditGroupMemberView| {
        view.id
    })
    .await
}

/// Join a credit group
///
/// The exposure of the customer counts at the group from now on, so the first day is today or
/// earlier. A customer belongs to at most one group on any day. One whose lines inherit more from the
/// ceiling than they had is applied for: `approval_required`.
#[utoipa::path(
    post,
    path = "/v1/credit-groups/{group_id}/members",
    tag = "credit-groups",
    operation_id = "joinCreditGroup"
)]
pub async fn join(
    guard: Require<scopes::CreditGroupsWrite>,
    id: PathId<GroupEntity>,
    command: KeyedCommand<JoinCreditGroup>,
) -> Reply<Created<CreditGroupMemberView>> {
    let (body, repeatable) = command.into_parts();
    let new = NewMember {
        customer_id: body.customer_id,
        from: body.from.0,
        evidence: body.evidence.map(|evidence| evidence.0),
    };
    guard
        .write("credit_group.join", repeatable, move |tx| {
            Ok(Created(app::join(tx, id.0, &new)?.into()))
        })
        .await
}

/// Read a membership
///
/// Who belongs to the group, since when and until when.
#[utoipa::path(
    get,
    path = "/v1/credit-groups/{group_id}/members/{member_id}",
    tag = "credit-groups",
    operation_id = "getCreditGroupMember"
)]
pub async fn member(
    guard: Require<scopes::CreditGroupsRead>,
    group_id: PathId<GroupEntity>,
    id: PathId<MembershipEntity>,
) -> Result<Resource<CreditGroupMemberView>, Error> {
    guard
        .read(move |reader| {
            store::find(reader, group_id.0)?.ok_or_else(Error::not_found)?;
            let row = store::find_member(reader, group_id.0, id.0)?;
            Ok(Resource(row.ok_or_else(Error::not_found)?.into()))
        })
        .await
}

/// Leave a credit group
///
/// A merge patch that sets the last day of the membership, with what shows it. The exposure of the
/// customer stops counting at the group now, so the last day is today. Where more becomes usable by
/// it, as without a ceiling that bounds, it is applied for: `approval_required`. `If-Match` carries the
/// ETag that was read.
#[utoipa::path(
    patch,
    path = "/v1/credit-groups/{group_id}/members/{member_id}",
    tag = "credit-groups",
    operation_id = "patchCreditGroupMember"
)]
pub async fn leave(
    guard: Require<scopes::CreditGroupsWrite>,
    group_id: PathId<GroupEntity>,
    id: PathId<MembershipEntity>,
    if_match: IfMatch,
    command: PatchCommand<PatchCreditGroupMember>,
) -> Reply<Resource<CreditGroupMemberView>> {
    let (body, repeatable) = command.into_parts();
    let evidence = body.evidence.map(|evidence| evidence.0);
    let leaving = body.until.map(|until| Leaving {
        until: until.0,
        evidence,
    });
    guard
        .write("credit_group.leave", repeatable, move |tx| {
            let seen = if_match.seen(|_, row| Ok(CreditGroupMemberView::from(row)));
            let row = app::leave(tx, (group_id.0, id.0), &seen, leaving.as_ref())?;
            Ok(Resource(row.into()))
        })
        .await
}
