//! social_credit_code
