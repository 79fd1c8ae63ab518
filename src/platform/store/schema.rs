// @generated automatically by Diesel CLI.

diesel::table! {
    approval_cases (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        kind -> Text,
        subject -> Text,
        org_path -> Text,
        requested_by -> Text,
        status -> Text,
        version -> Int8,
        requested_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        rule_set_version -> Int4,
        rule_name -> Text,
        facts -> Jsonb,
        current_step -> Int2,
        requested_on -> Date,
    }
}

diesel::table! {
    approval_decisions (bucket, case_id, step_number) {
        bucket -> Int2,
        case_id -> Uuid,
        step_number -> Int2,
        decision -> Text,
        decided_by -> Text,
        comment -> Text,
        decided_at -> Timestamptz,
        on_behalf_of -> Nullable<Text>,
    }
}

diesel::table! {
    approval_delegations (id) {
        id -> Uuid,
        delegator -> Text,
        delegate -> Text,
        scopes -> Array<Nullable<Text>>,
        org_path -> Text,
        delegated_from -> Date,
        delegated_until -> Date,
        reason -> Text,
        revoked_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        revoked_on -> Nullable<Date>,
    }
}

diesel::table! {
    approval_steps (bucket, case_id, step_number) {
        bucket -> Int2,
        case_id -> Uuid,
        step_number -> Int2,
        required_scope -> Text,
        org_path -> Text,
        status -> Text,
        name -> Text,
        deadline_days -> Nullable<Int4>,
        waiting_since -> Nullable<Timestamptz>,
        due_at -> Nullable<Timestamptz>,
        escalation_scope -> Nullable<Text>,
        escalation_org_path -> Nullable<Text>,
        escalated_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_entries (seq) {
        seq -> Int8,
        xid -> Int8,
        id -> Uuid,
        recorded_at -> Timestamptz,
        principal -> Text,
        client_id -> Text,
        org_path -> Text,
        action -> Text,
        subject -> Text,
        outcome -> Text,
        request_id -> Uuid,
        details -> Jsonb,
    }
}

diesel::table! {
    authority_rule_sets (version) {
        version -> Int4,
        effective_from -> Date,
        rules -> Jsonb,
        note -> Nullable<Text>,
        published_by -> Text,
        published_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    check_rule_sets (version) {
        version -> Int4,
        effective_from -> Date,
        rules -> Jsonb,
        note -> Nullable<Text>,
        published_by -> Text,
        published_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    company_figures (figure, as_of, revision) {
        figure -> Text,
        as_of -> Date,
        revision -> Int4,
        amount_minor -> Int8,
        currency -> Text,
        source -> Text,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    credit_application_checks (bucket, application_id, run_number) {
        bucket -> Int2,
        application_id -> Uuid,
        run_number -> Int4,
        stage -> Text,
        policy_version -> Int4,
        results -> Jsonb,
        run_by -> Text,
        run_at -> Timestamptz,
        raises -> Nullable<Bool>,
        measured -> Nullable<Jsonb>,
    }
}

diesel::table! {
    credit_application_modes (bucket, application_id) {
        bucket -> Int2,
        application_id -> Uuid,
        limit_mode -> Text,
    }
}

diesel::table! {
    credit_applications (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Nullable<Uuid>,
        group_id -> Nullable<Uuid>,
        org_path -> Text,
        action -> Text,
        product -> Nullable<Text>,
        amount_minor -> Nullable<Int8>,
        currency -> Text,
        valid_from -> Nullable<Date>,
        valid_until -> Nullable<Date>,
        payment_term_days -> Nullable<Int4>,
        revolving -> Nullable<Bool>,
        purpose -> Nullable<Text>,
        status -> Text,
        requested_by -> Text,
        case_id -> Nullable<Uuid>,
        credit_line_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        limit_kind -> Nullable<Text>,
        temporary_mode -> Nullable<Text>,
        allow_overdrawn -> Bool,
        member_customer_id -> Nullable<Uuid>,
        expected_sales_minor -> Nullable<Int8>,
        deposit_share_bp -> Nullable<Int4>,
        conditions -> Nullable<Text>,
        requires_contract -> Bool,
        attachments -> Jsonb,
        exceptional -> Bool,
        line_version -> Nullable<Int8>,
    }
}

diesel::table! {
    credit_contracts (bucket, line_id, number) {
        bucket -> Int2,
        line_id -> Uuid,
        number -> Text,
        signed_on -> Date,
        payment_method -> Text,
        payment_term_days -> Nullable<Int4>,
        liability_clauses -> Nullable<Text>,
        policy_notified_on -> Nullable<Date>,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    credit_group_members (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        group_id -> Uuid,
        member_from -> Date,
        member_until -> Nullable<Date>,
        evidence -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        leaving_evidence -> Nullable<Text>,
    }
}

diesel::table! {
    credit_groups (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        name -> Text,
        basis -> Text,
        org_path -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        limit_mode -> Text,
    }
}

diesel::table! {
    credit_line_reviews (bucket, line_id, review_number) {
        bucket -> Int2,
        line_id -> Uuid,
        review_number -> Int4,
        outcome -> Text,
        comment -> Text,
        next_review_on -> Nullable<Date>,
        reviewed_by -> Text,
        reviewed_at -> Timestamptz,
    }
}

diesel::table! {
    credit_line_versions (bucket, line_id, version) {
        bucket -> Int2,
        line_id -> Uuid,
        version -> Int8,
        recorded_at -> Timestamptz,
        changed_by -> Text,
        change -> Text,
        reason -> Text,
        application_id -> Nullable<Uuid>,
        status -> Text,
        limit_kind -> Text,
        limit_minor -> Nullable<Int8>,
        valid_from -> Date,
        valid_until -> Date,
        payment_term_days -> Nullable<Int4>,
        revolving -> Bool,
        temporary_mode -> Nullable<Text>,
        temporary_minor -> Nullable<Int8>,
        temporary_from -> Nullable<Date>,
        temporary_until -> Nullable<Date>,
        review_on -> Nullable<Date>,
        deposit_share_bp -> Nullable<Int4>,
        conditions -> Nullable<Text>,
    }
}

diesel::table! {
    credit_lines (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Nullable<Uuid>,
        group_id -> Nullable<Uuid>,
        org_path -> Text,
        product -> Nullable<Text>,
        limit_kind -> Text,
        limit_minor -> Nullable<Int8>,
        currency -> Text,
        status -> Text,
        valid_from -> Date,
        valid_until -> Date,
        payment_term_days -> Nullable<Int4>,
        revolving -> Bool,
        held_minor -> Int8,
        drawn_minor -> Int8,
        consumed_minor -> Int8,
        moved_at -> Timestamptz,
        movement_count -> Int8,
        application_id -> Uuid,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        temporary_mode -> Nullable<Text>,
        temporary_minor -> Nullable<Int8>,
        temporary_from -> Nullable<Date>,
        temporary_until -> Nullable<Date>,
        deposit_share_bp -> Nullable<Int4>,
        conditions -> Nullable<Text>,
        review_on -> Nullable<Date>,
        requested_by -> Nullable<Text>,
    }
}

diesel::table! {
    credit_movements (bucket, line_id, movement_number) {
        bucket -> Int2,
        line_id -> Uuid,
        movement_number -> Int8,
        kind -> Text,
        held_delta_minor -> Int8,
        drawn_delta_minor -> Int8,
        consumed_delta_minor -> Int8,
        held_after_minor -> Int8,
        drawn_after_minor -> Int8,
        consumed_after_minor -> Int8,
        limit_minor -> Nullable<Int8>,
        within_limit -> Bool,
        customer_id -> Uuid,
        reservation_id -> Nullable<Uuid>,
        receivable_id -> Nullable<Uuid>,
        payment_id -> Nullable<Uuid>,
        business_date -> Date,
        recorded_at -> Timestamptz,
        principal -> Text,
        original_minor -> Nullable<Int8>,
        original_currency -> Nullable<Text>,
        rate_e10 -> Nullable<Int8>,
        rate_date -> Nullable<Date>,
        covered_minor -> Int8,
    }
}

diesel::table! {
    credit_policies (version) {
        version -> Int4,
        effective_from -> Date,
        policy -> Jsonb,
        note -> Nullable<Text>,
        published_by -> Text,
        published_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    customer_blind_indexes (bucket, customer_id, field, digest) {
        bucket -> Int2,
        customer_id -> Uuid,
        field -> Text,
        digest -> Bytea,
    }
}

diesel::table! {
    customer_codes (unified_social_credit_code) {
        unified_social_credit_code -> Text,
        customer_id -> Uuid,
    }
}

diesel::table! {
    customer_adverse_events (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        kind -> Text,
        occurred_on -> Date,
        evidence -> Text,
        reverses -> Nullable<Uuid>,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    customer_dunning_levels (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        level -> Int2,
        as_of -> Date,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    customer_expected_sales (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        amount_minor -> Int8,
        currency -> Text,
        as_of -> Date,
        evidence -> Text,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    customer_keys (bucket, customer_id, class, key_version) {
        bucket -> Int2,
        customer_id -> Uuid,
        class -> Text,
        key_version -> Int4,
        kek_id -> Text,
        nonce -> Bytea,
        wrapped -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    customer_restriction_ends (bucket, restriction_id) {
        bucket -> Int2,
        restriction_id -> Uuid,
        ended_on -> Date,
        reason -> Text,
        ended_by -> Text,
        ended_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    customer_restrictions (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        org_path -> Text,
        kind -> Text,
        reason -> Text,
        restricted_from -> Date,
        restricted_until -> Nullable<Date>,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    customer_scores (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        grade -> Text,
        scored_on -> Date,
        valid_until -> Date,
        source -> Text,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
    }
}

diesel::table! {
    customer_versions (bucket, customer_id, version) {
        bucket -> Int2,
        customer_id -> Uuid,
        version -> Int8,
        recorded_at -> Timestamptz,
        changed_by -> Text,
        request_id -> Uuid,
        snapshot -> Jsonb,
        personal_sealed -> Jsonb,
        is_sealed -> Bool,
    }
}

diesel::table! {
    customers (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        name -> Text,
        name_key -> Text,
        kind -> Text,
        roles -> Array<Nullable<Text>>,
        unified_social_credit_code -> Nullable<Text>,
        org_path -> Text,
        status -> Text,
        time_class -> Text,
        trading_class -> Text,
        nature -> Text,
        market_weight -> Text,
        value_class -> Nullable<Text>,
        service_tier -> Nullable<Text>,
        industry -> Nullable<Text>,
        profile -> Jsonb,
        personal_sealed -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        related_party -> Bool,
        is_sealed -> Bool,
        grade -> Nullable<Text>,
        graded_on -> Nullable<Date>,
        grade_valid_until -> Nullable<Date>,
    }
}

diesel::table! {
    events (seq) {
        seq -> Int8,
        xid -> Int8,
        id -> Uuid,
        kind -> Text,
        subject -> Text,
        org_path -> Text,
        customer_id -> Nullable<Uuid>,
        data -> Jsonb,
        occurred_at -> Timestamptz,
    }
}

diesel::table! {
    exchange_rates (number) {
        number -> Int8,
        from_currency -> Text,
        to_currency -> Text,
        rate_date -> Date,
        rate_e10 -> Int8,
        source -> Text,
        recorded_by -> Text,
        recorded_at -> Timestamptz,
        confirmed_by -> Nullable<Text>,
        corrects -> Nullable<Int8>,
    }
}

diesel::table! {
    idempotency_records (principal, key, method, path) {
        principal -> Text,
        method -> Text,
        path -> Text,
        key -> Text,
        fingerprint -> Bytea,
        status -> Int2,
        headers -> Jsonb,
        body -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        reach -> Jsonb,
    }
}

diesel::table! {
    payment_allocations (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        payment_id -> Uuid,
        receivable_id -> Uuid,
        amount_minor -> Int8,
        business_date -> Date,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    payments (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        org_path -> Text,
        amount_minor -> Int8,
        unapplied_minor -> Int8,
        currency -> Text,
        received_on -> Date,
        reference -> Text,
        status -> Text,
        reversed_on -> Nullable<Date>,
        reversal_reason -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        reference_key -> Text,
    }
}

diesel::table! {
    people_seen (principal) {
        principal -> Text,
        org_path -> Text,
        scopes -> Array<Nullable<Text>>,
        customer_id -> Nullable<Uuid>,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    pending_changes (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        kind -> Text,
        subject -> Text,
        customer_id -> Nullable<Uuid>,
        org_path -> Text,
        payload -> Jsonb,
        seen -> Jsonb,
        evidence -> Nullable<Text>,
        status -> Text,
        proposed_by -> Text,
        case_id -> Uuid,
        result -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    product_versions (code, version) {
        code -> Text,
        version -> Int8,
        recorded_at -> Timestamptz,
        changed_by -> Text,
        snapshot -> Jsonb,
    }
}

diesel::table! {
    products (code) {
        code -> Text,
        name_en -> Text,
        name_zh -> Text,
        kind -> Text,
        exposure_treatment -> Text,
        default_payment_term_days -> Int4,
        active -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deposit_share_bp -> Int4,
        released_by -> Text,
        changed_by -> Text,
    }
}

diesel::table! {
    receivables (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        org_path -> Text,
        number -> Text,
        product -> Text,
        amount_minor -> Int8,
        outstanding_minor -> Int8,
        currency -> Text,
        issued_on -> Date,
        payment_term_days -> Int4,
        due_on -> Date,
        disputed_on -> Nullable<Date>,
        dispute_reason -> Nullable<Text>,
        over_limit -> Bool,
        reservation_id -> Nullable<Uuid>,
        product_line_id -> Nullable<Uuid>,
        customer_line_id -> Nullable<Uuid>,
        group_line_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deposit_minor -> Int8,
        exposure_treatment -> Text,
        product_exposure_minor -> Nullable<Int8>,
        customer_exposure_minor -> Nullable<Int8>,
        group_exposure_minor -> Nullable<Int8>,
        conversions -> Nullable<Jsonb>,
        number_key -> Text,
        term_exceeded -> Bool,
        cash_only -> Bool,
    }
}

diesel::table! {
    referrals (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        org_path -> Text,
        product -> Text,
        reference -> Text,
        amount_minor -> Int8,
        currency -> Text,
        deposit_minor -> Int8,
        documents -> Jsonb,
        reason -> Text,
        rule_set_version -> Int4,
        reasons -> Jsonb,
        amount_max_minor -> Int8,
        valid_days -> Int4,
        status -> Text,
        requested_by -> Text,
        case_id -> Uuid,
        released_on -> Nullable<Date>,
        valid_until -> Nullable<Date>,
        reservation_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        reference_key -> Text,
    }
}

diesel::table! {
    reservations (bucket, id) {
        bucket -> Int2,
        id -> Uuid,
        customer_id -> Uuid,
        org_path -> Text,
        product -> Text,
        reference -> Text,
        amount_minor -> Int8,
        currency -> Text,
        captured_minor -> Int8,
        released_minor -> Int8,
        expired_minor -> Int8,
        status -> Text,
        expires_at -> Timestamptz,
        product_line_id -> Uuid,
        customer_line_id -> Nullable<Uuid>,
        group_line_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deposit_minor -> Int8,
        exposure_treatment -> Text,
        product_exposure_minor -> Int8,
        customer_exposure_minor -> Nullable<Int8>,
        group_exposure_minor -> Nullable<Int8>,
        conversions -> Nullable<Jsonb>,
        reference_key -> Text,
        stated_documents -> Nullable<Jsonb>,
    }
}

diesel::joinable!(credit_applications -> products (product));
diesel::joinable!(credit_lines -> products (product));
diesel::joinable!(product_versions -> products (code));
diesel::joinable!(referrals -> products (product));

diesel::allow_tables_to_appear_in_same_query!(
    approval_cases,
    approval_decisions,
    approval_delegations,
    approval_steps,
    audit_entries,
    authority_rule_sets,
    check_rule_sets,
    company_figures,
    credit_application_checks,
    credit_application_modes,
    credit_applications,
    credit_contracts,
    credit_group_members,
    credit_groups,
    credit_line_reviews,
    credit_line_versions,
    credit_lines,
    credit_movements,
    credit_policies,
    customer_blind_indexes,
    customer_codes,
    customer_dunning_levels,
    customer_expected_sales,
    customer_keys,
    customer_restriction_ends,
    customer_restrictions,
    customer_scores,
    customer_versions,
    customers,
    events,
    exchange_rates,
    idempotency_records,
    payment_allocations,
    payments,
    people_seen,
    pending_changes,
    product_versions,
    products,
    receivables,
    referrals,
    reservations,
);
