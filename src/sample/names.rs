//! Words that names, addresses and people of the sample company are put together from. Whoever
//! bears such a name in reality is not meant.

use super::generator::Generator;

/// A district, as GB/T 2260 numbers it.
pub(super) struct District {
    pub(super) name: &'static str,
    pub(super) region: &'static str,
}

/// A city in which the sample company has a branch.
pub(super) struct City {
    /// Short name, as companies carry it.
    pub(super) name: &'static str,
    pub(super) province: &'static str,
    pub(super) full_name: &'static str,
    pub(super) area_code: &'static str,
    pub(super) districts: &'static [District],
}

macro_rules! cities {
    ($($name:ident = $zh:literal, $province:literal, $full:literal, $area:literal, [$($district:literal $region:literal),*];)*) => {$(
        pub(super) const $name: City = City {
            name: $zh, province: $province, full_name: $full, area_code: $area,
            districts: &[$(District { name: $district, region: $region }),*],
        };
    )*};
}

cities! {
    SHANGHAI = "上海", "上海市", "上海市", "021", ["浦东新区" "310115", "闵行区" "310112", "宝山区" "310113", "嘉定区" "310114"];
    HANGZHOU = "杭州", "浙江省", "杭州市", "0571", ["滨江区" "330108", "萧山区" "330109", "余杭区" "330110"];
    NANJING = "南京", "江苏省", "南京市", "025", ["江宁区" "320115", "栖霞区" "320113", "浦口区" "320111"];
    GUANGZHOU = "广州", "广东省", "广州市", "020", ["天河区" "440106", "番禺区" "440113", "黄埔区" "440112", "白云区" "440111"];
    SHENZHEN = "深圳", "广东省", "深圳市", "0755", ["南山区" "440305", "宝安区" "440306", "龙岗区" "440307"];
    BEIJING = "北京", "北京市", "北京市", "010", ["朝阳区" "110105", "海淀区" "110108", "大兴区" "110115", "通州区" "110112"];
    TIANJIN = "天津", "天津市", "天津市", "022", ["西青区" "120111", "武清区" "120114", "北辰区" "120113"];
    CHENGDU = "成都", "四川省", "成都市", "028", ["武侯区" "510107", "龙泉驿区" "510112", "双流区" "510116"];
}

/// An industry: its code in the archive, and how a company of it is called.
pub(super) const INDUSTRIES: &[(&str, &str)] = &[
    ("steel", "金属材料"),
    ("machinery", "机电设备"),
    ("packaging", "包装材料"),
    ("chemicals", "化工"),
    ("electronics", "电子科技"),
    ("textiles", "纺织"),
    ("food", "食品"),
    ("logistics", "物流"),
    ("construction", "建筑材料"),
    ("medical", "医疗器械"),
    ("automotive", "汽车零部件"),
    ("furniture", "家具"),
    ("plastics", "塑料制品"),
    ("energy", "新能源科技"),
    ("trade", "商贸"),
];

pub(super) const LEGAL_FORMS: &[&str] = &["有限公司", "有限公司", "有限责任公司", "股份有限公司"];
pub(super) const SHOPS: &[&str] = &["经营部", "商行", "建材店", "五金店", "便利店"];
pub(super) const HARVESTS: &[&str] = &["果蔬", "粮食", "水产", "畜禽", "茶叶"];
/// Of a district that there is not.
pub(super) const OFFICES: &[&str] = &["教育局", "水务局", "交通运输局", "城市管理局"];
pub(super) const INSTITUTIONS: &[&str] = &["人民医院", "第一中学", "图书馆", "职业技术学校"];
pub(super) const ASSOCIATIONS: &[&str] = &["公益基金会", "行业促进会", "技能培训学校"];
pub(super) const FOREIGN: &[(&str, &str)] = &[
    ("Halden Stahlhandel GmbH", "steel"),
    ("Kestrel Point Trading Ltd", "trade"),
    ("Marisol Alimentos S.A.", "food"),
    ("Aokigawa Parts K.K.", "automotive"),
    ("Bergvik Maskin AB", "machinery"),
    ("Tamarind Loom Pte. Ltd.", "textiles"),
    ("Orchard Bay Packaging Inc.", "packaging"),
    ("Vesperlicht Electronics B.V.", "electronics"),
];

const BRAND_FIRST: &[char] = &[
    '恒', '瑞', '华', '盛', '鼎', '宏', '嘉', '泰', '润', '博', '联', '鑫', '凯', '远', '安', '骏',
    '拓', '启', '森', '睿',
];
const BRAND_SECOND: &[char] = &[
    '达', '源', '通', '丰', '信', '诚', '隆', '昌', '泽', '业', '和', '茂', '兴', '维', '扬', '腾',
    '川', '越', '朗', '屹',
];
const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗",
];
const GIVEN_NAMES: &[&str] = &[
    "伟", "芳", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛",
    "明", "超", "霞", "平", "建国", "志强", "晓东", "婷婷", "子涵", "浩然", "思远", "雨桐", "文博",
    "欣怡",
];
const TITLES: &[&str] = &[
    "财务经理",
    "采购经理",
    "总经理助理",
    "应付会计",
    "供应链主管",
];
const STREETS: &[&str] = &[
    "人民路",
    "建设路",
    "科技大道",
    "工业园一路",
    "滨河路",
    "迎宾大道",
    "创业路",
    "兴业街",
    "学府路",
    "港城路",
];

/// Every two-character trade name, in an order of its own; none comes twice.
pub(super) fn brands() -> Vec<String> {
    let mut brands: Vec<String> = BRAND_FIRST
        .iter()
        .flat_map(|first| {
            BRAND_SECOND
                .iter()
                .map(|second| [*first, *second].iter().collect())
        })
        .collect();
    Generator::of("brands").shuffle(&mut brands);
    brands
}

pub(super) fn person(generator: &mut Generator) -> String {
    format!(
        "{}{}",
        generator.pick(SURNAMES),
        generator.pick(GIVEN_NAMES)
    )
}

pub(super) fn title(generator: &mut Generator) -> String {
    (*generator.pick(TITLES)).to_owned()
}

/// A mobile number of a range that is given to nobody.
pub(super) fn mobile(generator: &mut Generator) -> String {
    format!("129{:08}", generator.between(0, 99_999_999))
}

pub(super) fn street(generator: &mut Generator) -> String {
    let (street, number) = (*generator.pick(STREETS), generator.between(1, 999));
    format!("{street}{number}号{}号楼", generator.between(1, 12))
}
