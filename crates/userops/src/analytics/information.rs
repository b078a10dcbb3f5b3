//! Symmetric matrices that are sums of squares: their triangle, solutions and inverse.

/// A symmetric matrix of `size` rows in full, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Information {
    size: usize,
    cells: Vec<f64>,
}

/// The lower triangle L with L Lᵀ = the matrix.
#[derive(Debug)]
pub(crate) struct Triangle {
    size: usize,
    cells: Vec<f64>,
}

impl Information {
    /// A matrix of zeros.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, cells: vec![0.0; size * size] }
    }

    /// A matrix of these cells, row by row, of which the upper half is not looked at.
    pub(crate) fn of_rows(size: usize, cells: Vec<f64>) -> Self {
        Self { size, cells }
    }

    /// A cell.
    pub(crate) fn get(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.size + column]
    }

    /// Adds to a cell and to its mirror image.
    pub(crate) fn add(&mut self, row: usize, column: usize, value: f64) {
        self.cells[row * self.size + column] += value;
        if row != column {
            self.cells[column * self.size + row] += value;
        }
    }

    /// The triangle, or the first row whose pivot is at most the part `least` of its diagonal cell, or of `floor`
    /// where that is greater: the row says nothing, or nothing that those before it do not say. (Cholesky's method.)
    pub(crate) fn triangle(&self, least: f64, floor: f64) -> Result<Triangle, usize> {
        let size = self.size;
        let mut cells = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let before: f64 =
                    (0..column).map(|inner| cells[row * size + inner] * cells[column * size + inner]).sum();
                let rest = self.get(row, column) - before;
                if row == column {
                    if rest.is_nan() || rest <= least * self.get(row, row).max(floor) {
                        return Err(row);
                    }
                    cells[row * size + row] = rest.sqrt();
                } else {
                    cells[row * size + column] = rest / cells[column * size + column];
                }
            }
        }
        Ok(Triangle { size, cells })
    }

    /// The quadratic form uᵀ A⁻ u and the rank of A, where u lies in the range of A, which may be singular:
    /// elimination by the greatest pivot that is left, as long as it is more than `least` of the greatest of all.
    pub(crate) fn quadratic_form(&self, vector: &[f64], least: f64) -> (f64, u32) {
        let size = self.size;
        let (mut cells, mut vector) = (self.cells.clone(), vector.to_vec());
        let mut left: Vec<usize> = (0..size).collect();
        let greatest = (0..size).map(|row| self.get(row, row)).fold(0.0, f64::max);
        let (mut form, mut rank) = (0.0, 0);
        while let Some((place, pivot)) =
            left.iter().copied().enumerate().max_by(|a, b| cells[a.1 * size + a.1].total_cmp(&cells[b.1 * size + b.1]))
        {
            let value = cells[pivot * size + pivot];
            if value.is_nan() || value <= least * greatest {
                break;
            }
            left.swap_remove(place);
            form += vector[pivot] * vector[pivot] / value;
            rank += 1;
            for &row in &left {
                let factor = cells[row * size + pivot] / value;
                vector[row] -= factor * vector[pivot];
                for &column in &left {
                    cells[row * size + column] -= factor * cells[pivot * size + column];
                }
            }
        }
        (form, rank)
    }
}

impl Triangle {
    /// The square of a diagonal cell: what a row says beyond those before it.
    pub(crate) fn pivot(&self, row: usize) -> f64 {
        self.cells[row * self.size + row] * self.cells[row * self.size + row]
    }

    /// The x with A x = b.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let size = self.size;
        let mut x = b.to_vec();
        for row in 0..size {
            let before: f64 = (0..row).map(|column| self.cells[row * size + column] * x[column]).sum();
            x[row] = (x[row] - before) / self.cells[row * size + row];
        }
        for row in (0..size).rev() {
            let after: f64 = (row + 1..size).map(|below| self.cells[below * size + row] * x[below]).sum();
            x[row] = (x[row] - after) / self.cells[row * size + row];
        }
        x
    }

    /// The diagonal of A⁻¹.
    pub(crate) fn inverse_diagonal(&self) -> Vec<f64> {
        (0..self.size).map(|row| self.inverse_row(row)[row]).collect()
    }

    /// A⁻¹, row by row.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        (0..self.size).flat_map(|row| self.inverse_row(row)).collect()
    }

    fn inverse_row(&self, row: usize) -> Vec<f64> {
        self.solve(&(0..self.size).map(|other| f64::from(u8::from(other == row))).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(cells: [[f64; 3]; 3]) -> Information {
        let mut matrix = Information::new(3);
        for (row, cells) in cells.iter().enumerate() {
            (0..=row).for_each(|column| matrix.add(row, column, cells[column]));
        }
        matrix
    }

    #[test]
    fn a_system_is_solved() {
        let matrix = matrix([[4.0, 2.0, 1.0], [2.0, 5.0, 3.0], [1.0, 3.0, 6.0]]);
        let triangle = matrix.triangle(1e-12, 0.0).unwrap();
        let x = triangle.solve(&[7.0, 10.0, 10.0]);
        assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-14), "{x:?}");
        // det = 67, and the minors of the diagonal are 21, 23 and 16.
        let diagonal = triangle.inverse_diagonal();
        for (cell, minor) in diagonal.iter().zip([21.0, 23.0, 16.0]) {
            assert!((cell - minor / 67.0).abs() < 1e-15, "{diagonal:?}");
        }
        let (form, rank) = matrix.quadratic_form(&[7.0, 10.0, 10.0], 1e-12);
        assert!((form - 27.0).abs() < 1e-13 && rank == 3);
    }

    #[test]
    fn a_row_that_says_nothing_new_is_found() {
        let matrix = matrix([[4.0, 2.0, 6.0], [2.0, 5.0, 7.0], [6.0, 7.0, 13.0]]);
        assert_eq!(matrix.triangle(1e-12, 0.0).unwrap_err(), 2);
        assert_eq!(matrix.quadratic_form(&[4.0, 2.0, 6.0], 1e-12).1, 2);
        assert_eq!(Information::new(3).quadratic_form(&[0.0; 3], 1e-12), (0.0, 0));
    }
}
