//! Amounts of money as a currency writes them.

use std::ffi::c_char;

use userops_core::money::{Currency, Money};

use crate::boundary::{guard, required, text};
use crate::bytes::{issue_bytes, userops_bytes};
use crate::error::userops_error;
use crate::status::userops_status;

/// An amount of minor units as its currency writes it: 1250 of "USD" is "12.50".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_money_format(
    minor: i64,
    currency: *const c_char,
    currency_len: usize,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![currency, out_text], || {
            let currency: Currency = text(currency, currency_len, "currency")?.parse()?;
            out_text.write(issue_bytes(currency.format(Money::from_minor(minor))));
            Ok(())
        })
    }
}

/// How many minor units a major unit of the currency has: 100 for "USD", 1 for "JPY".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_money_minor_per_major(
    currency: *const c_char,
    currency_len: usize,
    out_count: *mut i64,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![currency, out_count], || {
            let currency: Currency = text(currency, currency_len, "currency")?.parse()?;
            out_count.write(currency.minor_per_major());
            Ok(())
        })
    }
}
