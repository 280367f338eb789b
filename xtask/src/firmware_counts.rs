//! Instructions that programs count on a board, and the table of them.

use crate::firmware_boards::Board;

/// Multiply-accumulates of the products that `conformance` measures: rows by 64 channels by 312 places.
const PRODUCTS: [(&str, f64); 3] = [("", 4.0 * ROW), (" of many rows", 12.0 * ROW), (" of one row", ROW)];
const ROW: f64 = 64.0 * 312.0;
/// Texts of an inference, and the texts' tokens as the table has them.
const TEXTS: usize = 2;

/// What was counted on a board.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Name of the best set.
    set: String,
    /// Instructions of inferences by the scalar set and by the best one.
    inferences: [[f64; TEXTS]; 2],
    /// Instructions for each multiply-accumulate by both sets.
    products: [[f64; PRODUCTS.len()]; 2],
    /// The same of products with what makes values of their sums.
    linears: [[f64; PRODUCTS.len()]; 2],
}

impl Counts {
    /// Head of the table.
    pub(crate) const HEAD: &'static str = "| cores | compiled for | set | 6 tokens: scalar | this set | ratio | 11 tokens | \
        a product of 4 rows: scalar | this set | of 12 rows | of 1 row |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";

    /// Takes what `text_to_intent` printed: every text with the scalar set, then with the best.
    pub(crate) fn inferences(&mut self, printed: &str) -> Result<(), String> {
        let names = printed.lines().filter_map(|line| line.strip_prefix("# kernels: "));
        let counts =
            printed.lines().filter_map(|line| line.strip_prefix("# network: ")?.split(' ').next()?.parse().ok());
        let (names, counts): (Vec<&str>, Vec<f64>) = (names.collect(), counts.collect());
        match (names.as_slice(), counts.as_slice()) {
            (["scalar", best], &[a, b, c, d]) => (self.set, self.inferences) = ((*best).to_owned(), [[a, b], [c, d]]),
            _ => return Err("the program does not run each text with both sets of kernels".to_owned()),
        }
        Ok(())
    }

    /// Takes what `conformance` printed.
    pub(crate) fn products(&mut self, printed: &str) -> Result<(), String> {
        self.products = of_checks(printed, "integer products")?;
        self.linears = of_checks(printed, "linears")?;
        let best =
            printed.lines().find_map(|line| line.strip_prefix("# linears,")?.rsplit(", ").next()?.split(' ').next());
        self.set = best.ok_or("no set is named")?.to_owned();
        Ok(())
    }

    /// Name of the best set.
    pub(crate) fn set(&self) -> &str {
        &self.set
    }

    /// What the best set takes for each multiply-accumulate of 1, 4 and 12 rows: for sums, and for values.
    pub(crate) fn of_rows(&self) -> [[f64; PRODUCTS.len()]; 2] {
        [self.products[1], self.linears[1]].map(|[four, twelve, one]| [one, four, twelve])
    }

    /// Holds the counts to the board's bounds.
    pub(crate) fn bounds(&self, board: &Board) -> Result<(), String> {
        let [scalar, best] = self.inferences;
        for (scalar, best) in scalar.iter().zip(best) {
            if scalar / best < board.least_gain {
                return Err(format!("the scalar set takes {:.2} times as many instructions on {board}", scalar / best));
            }
        }
        if best[0] / 1e6 > board.most {
            return Err(format!("{:.1} million instructions on {board}; at most {}", best[0] / 1e6, board.most));
        }
        Ok(())
    }

    /// The board's row of the table, inferences in millions.
    pub(crate) fn row(&self, board: &Board) -> String {
        let Self { set, inferences: [scalar, best], products: [scalar_products, products], .. } = self;
        format!(
            "| {} | `{}` | `{set}` | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} |\n",
            board.cores,
            board.target,
            scalar[0] / 1e6,
            best[0] / 1e6,
            scalar[0] / best[0],
            best[1] / 1e6,
            scalar_products[0],
            products[0],
            products[1],
            products[2],
        )
    }
}

/// Instructions for each multiply-accumulate by both sets, in checks of the products.
fn of_checks(printed: &str, name: &str) -> Result<[[f64; PRODUCTS.len()]; 2], String> {
    let mut all = [[0.0; PRODUCTS.len()]; 2];
    for (index, (rows, products)) in PRODUCTS.into_iter().enumerate() {
        let start = format!("# {name}{rows}, instructions for ");
        let counts = printed.lines().find_map(|line| line.strip_prefix(&start)?.split_once(": scalar "));
        let (scalar, best) = counts.and_then(|(_, counts)| counts.split_once(", ")).ok_or("no products are counted")?;
        for (counts, count) in all.iter_mut().zip([scalar, best]) {
            let count = count.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok());
            counts[index] = count.ok_or("no number of instructions")? / products;
        }
    }
    Ok(all)
}
