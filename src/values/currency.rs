//! Currencies of ISO 4217 and the number of decimal places each one has.
//!
//! The table holds the active national and supranational currencies. Codes for precious
//! metals, drawing rights, bond-market units, testing and "no currency" are left out, because
//! nobody is invoiced in them. The one fund code kept is `CLF` (Unidad de Fomento), in which
//! Chilean contracts are really written.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The text is not the code of an active currency of ISO 4217, written in upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an active ISO 4217 currency code")]
pub struct UnknownCurrency;

/// Writes the table once and derives the enumeration, the codes and the places from it, so that
/// the three can not disagree.
macro_rules! currencies {
    ($($code:ident $places:literal $name:literal;)+) => {
        /// An active currency of ISO 4217. It orders by code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Currency {
            $(
                #[doc = $name]
                $code,
            )+
        }

        impl Currency {
            /// The currency the company keeps its books in: authority, policy and concentration
            /// are measured in it.
            pub const COMPANY: Currency = Currency::CNY;

            /// Every currency of the table, in the order of the codes. (`ALL` is the lek of Albania.)
            pub const EVERY: &'static [Currency] = &[$(Currency::$code),+];

            /// Reads the three-letter code of ISO 4217, exactly and in upper case.
            ///
            /// Everyday names that are no ISO codes, such as `RMB` and `CNH`, are refused:
            /// accepting a synonym would give one currency two spellings in stored data.
            ///
            /// # Errors
            ///
            /// [`UnknownCurrency`] for any other text.
            pub fn parse(code: &str) -> Result<Currency, UnknownCurrency> {
                match code {
                    $(stringify!($code) => Ok(Currency::$code),)+
                    _ => Err(UnknownCurrency),
                }
            }

            /// The three-letter code of ISO 4217.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Currency::$code => stringify!($code),)+
                }
            }

            /// The decimal places of the minor unit: 2 for `CNY`, 0 for `JPY`, at most 4.
            #[must_use]
            pub const fn places(self) -> u32 {
                match self {
                    $(Currency::$code => $places,)+
                }
            }
        }
    };
}

currencies! {
    AED 2 "UAE dirham";
    AFN 2 "Afghani";
    ALL 2 "Lek";
    AMD 2 "Armenian dram";
    AOA 2 "Kwanza";
    ARS 2 "Argentine peso";
    AUD 2 "Australian dollar";
    AWG 2 "Aruban florin";
    AZN 2 "Azerbaijan manat";
    BAM 2 "Convertible mark";
    BBD 2 "Barbados dollar";
    BDT 2 "Taka";
    BHD 3 "Bahraini dinar";
    BIF 0 "Burundi franc";
    BMD 2 "Bermudian dollar";
    BND 2 "Brunei dollar";
    BOB 2 "Boliviano";
    BRL 2 "Brazilian real";
    BSD 2 "Bahamian dollar";
    BTN 2 "Ngultrum";
    BWP 2 "Pula";
    BYN 2 "Belarusian ruble";
    BZD 2 "Belize dollar";
    CAD 2 "Canadian dollar";
    CDF 2 "Congolese franc";
    CHF 2 "Swiss franc";
    CLF 4 "Unidad de Fomento";
    CLP 0 "Chilean peso";
    CNY 2 "Yuan renminbi";
    COP 2 "Colombian peso";
    CRC 2 "Costa Rican colon";
    CUP 2 "Cuban peso";
    CVE 2 "Cabo Verde escudo";
    CZK 2 "Czech koruna";
    DJF 0 "Djibouti franc";
    DKK 2 "Danish krone";
    DOP 2 "Dominican peso";
    DZD 2 "Algerian dinar";
    EGP 2 "Egyptian pound";
    ERN 2 "Nakfa";
    ETB 2 "Ethiopian birr";
    EUR 2 "Euro";
    FJD 2 "Fiji dollar";
    FKP 2 "Falkland Islands pound";
    GBP 2 "Pound sterling";
    GEL 2 "Lari";
    GHS 2 "Ghana cedi";
    GIP 2 "Gibraltar pound";
    GMD 2 "Dalasi";
    GNF 0 "Guinean franc";
    GTQ 2 "Quetzal";
    GYD 2 "Guyana dollar";
    HKD 2 "Hong Kong dollar";
    HNL 2 "Lempira";
    HTG 2 "Gourde";
    HUF 2 "Forint";
    IDR 2 "Rupiah";
    ILS 2 "New Israeli sheqel";
    INR 2 "Indian rupee";
    IQD 3 "Iraqi dinar";
    IRR 2 "Iranian rial";
    ISK 0 "Iceland krona";
    JMD 2 "Jamaican dollar";
    JOD 3 "Jordanian dinar";
    JPY 0 "Yen";
    KES 2 "Kenyan shilling";
    KGS 2 "Som";
    KHR 2 "Riel";
    KMF 0 "Comorian franc";
    KPW 2 "North Korean won";
    KRW 0 "Won";
    KWD 3 "Kuwaiti dinar";
    KYD 2 "Cayman Islands dollar";
    KZT 2 "Tenge";
    LAK 2 "Lao kip";
    LBP 2 "Lebanese pound";
    LKR 2 "Sri Lanka rupee";
    LRD 2 "Liberian dollar";
    LSL 2 "Loti";
    LYD 3 "Libyan dinar";
    MAD 2 "Moroccan dirham";
    MDL 2 "Moldovan leu";
    MGA 2 "Malagasy ariary";
    MKD 2 "Denar";
    MMK 2 "Kyat";
    MNT 2 "Tugrik";
    MOP 2 "Pataca";
    MRU 2 "Ouguiya";
    MUR 2 "Mauritius rupee";
    MVR 2 "Rufiyaa";
    MWK 2 "Malawi kwacha";
    MXN 2 "Mexican peso";
    MYR 2 "Malaysian ringgit";
    MZN 2 "Mozambique metical";
    NAD 2 "Namibia dollar";
    NGN 2 "Naira";
    NIO 2 "Cordoba oro";
    NOK 2 "Norwegian krone";
    NPR 2 "Nepalese rupee";
    NZD 2 "New Zealand dollar";
    OMR 3 "Rial omani";
    PAB 2 "Balboa";
    PEN 2 "Sol";
    PGK 2 "Kina";
    PHP 2 "Philippine peso";
    PKR 2 "Pakistan rupee";
    PLN 2 "Zloty";
    PYG 0 "Guarani";
    QAR 2 "Qatari rial";
    RON 2 "Romanian leu";
    RSD 2 "Serbian dinar";
    RUB 2 "Russian ruble";
    RWF 0 "Rwanda franc";
    SAR 2 "Saudi riyal";
    SBD 2 "Solomon Islands dollar";
    SCR 2 "Seychelles rupee";
    SDG 2 "Sudanese pound";
    SEK 2 "Swedish krona";
    SGD 2 "Singapore dollar";
    SHP 2 "Saint Helena pound";
    SLE 2 "Leone";
    SOS 2 "Somali shilling";
    SRD 2 "Surinam dollar";
    SSP 2 "South Sudanese pound";
    STN 2 "Dobra";
    SVC 2 "El Salvador colon";
    SYP 2 "Syrian pound";
    SZL 2 "Lilangeni";
    THB 2 "Baht";
    TJS 2 "Somoni";
    TMT 2 "Turkmenistan new manat";
    TND 3 "Tunisian dinar";
    TOP 2 "Pa'anga";
    TRY 2 "Turkish lira";
    TTD 2 "Trinidad and Tobago dollar";
    TWD 2 "New Taiwan dollar";
    TZS 2 "Tanzanian shilling";
    UAH 2 "Hryvnia";
    UGX 0 "Uganda shilling";
    USD 2 "US dollar";
    UYU 2 "Peso uruguayo";
    UZS 2 "Uzbekistan sum";
    VED 2 "Bolivar digital";
    VES 2 "Bolivar soberano";
    VND 0 "Dong";
    VUV 0 "Vatu";
    WST 2 "Tala";
    XAF 0 "CFA franc BEAC";
    XCD 2 "East Caribbean dollar";
    XCG 2 "Caribbean guilder";
    XOF 0 "CFA franc BCEAO";
    XPF 0 "CFP franc";
    YER 2 "Yemeni rial";
    ZAR 2 "Rand";
    ZMW 2 "Zambian kwacha";
    ZWG 2 "Zimbabwe gold";
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<'de, str>::deserialize(deserializer)?;
        Currency::parse(&code).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_parses_to_itself() {
        for &currency in Currency::EVERY {
            assert_eq!(Currency::parse(currency.code()), Ok(currency));
            assert_eq!(currency.code().len(), 3);
            assert!(
                currency
                    .code()
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase())
            );
            assert!(currency.places() <= 4);
        }
    }

    #[test]
    fn the_table_is_sorted_and_has_no_duplicates() {
        assert!(
            Currency::EVERY
                .windows(2)
                .all(|pair| pair[0].code() < pair[1].code())
        );
        assert_eq!(Currency::EVERY.len(), 156);
    }

    #[test]
    fn places_follow_the_standard() {
        let with_places = |places| -> Vec<&str> {
            Currency::EVERY
                .iter()
                .filter(|one| one.places() == places)
                .map(|one| one.code())
                .collect()
        };
        assert_eq!(
            with_places(0),
            [
                "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
                "VUV", "XAF", "XOF", "XPF"
            ]
        );
        assert_eq!(
            with_places(3),
            ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
        );
        assert_eq!(with_places(4), ["CLF"]);
        assert_eq!(Currency::CNY.places(), 2);
    }

    #[test]
    fn parse_refuses_what_is_no_active_code() {
        for code in [
            "",
            "RMB",
            "CNH",
            "cny",
            "Cny",
            " CNY",
            "CNY ",
            "CNYX",
            "ＣＮＹ",
            "XAU",
            "XTS",
            "XXX",
            "HRK",
            "SLL",
            "ZWL",
            "BGN",
            "ANG",
            "156",
        ] {
            assert_eq!(Currency::parse(code), Err(UnknownCurrency), "{code:?}");
        }
    }

    #[test]
    fn json_is_the_code() {
        assert_eq!(serde_json::to_string(&Currency::CNY).unwrap(), "\"CNY\"");
        assert_eq!(
            serde_json::from_str::<Currency>("\"JPY\"").unwrap(),
            Currency::JPY
        );
        assert_eq!(
            serde_json::from_str::<Currency>("\"\\u0055SD\"").unwrap(),
            Currency::USD
        );
        assert!(serde_json::from_str::<Currency>("\"RMB\"").is_err());
        assert!(serde_json::from_str::<Currency>("156").is_err());
        assert_eq!(format!("{:>5}", Currency::CNY), "  CNY");
    }
}
