//! Stratified folds: every label is spread over all folds as evenly as it goes.

use crate::random::Random;

/// The fold of each row; `None` for rows that are in no fold and always learned from: the only ones of their label.
///
/// `labels` are the labels of each row. Rows of several labels count for their rarest one. The result depends on the labels and
/// the seed alone.
pub(crate) fn assign(labels: &[Vec<usize>], count: usize, folds: usize, seed: u64) -> Vec<Option<usize>> {
    let mut frequency = vec![0; count];
    labels.iter().flatten().for_each(|&label| frequency[label] += 1);
    // Rows without a label are one more group.
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
    for (row, labels) in labels.iter().enumerate() {
        let rarest = labels.iter().copied().min_by_key(|&label| (frequency[label], label));
        groups[rarest.unwrap_or(count)].push(row);
    }
    let mut random = Random(seed);
    let (mut folds_of, mut next) = (vec![None; labels.len()], 0);
    for mut group in groups {
        random.shuffle(&mut group);
        if group.len() < 2 {
            continue;
        }
        for row in group {
            folds_of[row] = Some(next % folds);
            next += 1;
        }
    }
    folds_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_spread_evenly() {
        let labels: Vec<Vec<usize>> = (0..1000).map(|row| vec![row % 7 % 5]).collect();
        let folds = assign(&labels, 5, 4, 1);
        for label in 0..5 {
            let rows = || (0..1000).filter(|&row| labels[row] == [label]);
            for fold in 0..4 {
                let found = rows().filter(|&row| folds[row] == Some(fold)).count();
                assert!(found.abs_diff(rows().count() / 4) <= 1);
            }
        }
        assert_ne!(assign(&labels, 5, 4, 2), folds);
        assert_eq!(assign(&labels, 5, 4, 1), folds);
    }

    #[test]
    fn single_examples_are_always_learned_from() {
        let folds = assign(&[vec![0], vec![1], vec![0], vec![1, 2], vec![2, 1]], 3, 2, 0);
        assert!(folds[0].is_some() && folds[2].is_some() && folds[0] != folds[2]);
        assert_eq!(folds[1], None);
    }
}
