//! Decimal numbers to the nearest f64, ties to even, by integers of any length: the definition itself, in a page, where the
//! standard library's faster way brings 10 KB of tables. A number of a description takes microseconds.

/// `text`: a JSON number. Too large is infinite, too small is zero.
pub fn parse(text: &[u8]) -> f64 {
    let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let (mut digits, mut exponent) = (Vec::new(), 0i64);
    let mut fraction = false;
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte - b'0');
                exponent -= i64::from(fraction);
            }
            b'.' => fraction = true,
            _ => {
                exponent = exponent.saturating_add(written_exponent(rest.as_slice()));
                break;
            }
        }
    }
    // An f64 or the middle of two has 768 digits at most: of what follows, all that counts is whether there is something.
    if digits.len() > 800 {
        let rest = digits.split_off(800);
        exponent += rest.len() as i64 - 1;
        digits.push(u8::from(rest.iter().any(|&d| d > 0)));
    }
    let size = round(&digits, exponent);
    if negative { -size } else { size }
}

fn written_exponent(text: &[u8]) -> i64 {
    let (sign, text) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    sign * text.iter().fold(0i64, |n, b| n.saturating_mul(10).saturating_add(i64::from(b - b'0')))
}

/// The f64 nearest to the integer of `digits` times ten to `exponent`.
fn round(digits: &[u8], exponent: i64) -> f64 {
    let leading = digits.iter().take_while(|d| **d == 0).count();
    let digits = &digits[leading..];
    // The number lies between 10^(magnitude - 1) and 10^magnitude.
    let magnitude = exponent.saturating_add(digits.len() as i64);
    if digits.is_empty() || magnitude < -330 {
        return 0.0;
    }
    if magnitude > 310 {
        return f64::INFINITY;
    }
    let mut top = Big(vec![0]);
    digits.iter().for_each(|&d| top.times_plus(10, u32::from(d)));
    let mut bottom = Big(vec![1]);
    let scaled = if exponent < 0 { &mut bottom } else { &mut top };
    (0..exponent.unsigned_abs()).for_each(|_| scaled.times_plus(10, 0));

    // Binary exponent of the quotient: 2^power ≤ top / bottom < 2^(power + 1), by shifts of the shorter one.
    let mut power = top.bits() - bottom.bits();
    if power < 0 {
        top.double(-power)
    } else {
        bottom.double(power)
    }
    if top.less(&bottom) {
        top.double(1);
        power -= 1;
    }
    // The quotient's bits one by one, as many as there is room for; subnormal numbers have less.
    let room = (power + 1075).clamp(0, 53);
    let mut mantissa = 0u64;
    for _ in 0..room {
        let bit = !top.less(&bottom);
        if bit {
            top.subtract(&bottom);
        }
        mantissa = mantissa << 1 | u64::from(bit);
        top.double(1);
    }
    // What is left is half of the last place or more; of a tie, the even neighbour.
    let half = power >= -1075 && !top.less(&bottom);
    if half && (bottom.less(&top) || mantissa & 1 == 1) {
        mantissa += 1;
    }
    // The carry of a full mantissa goes on into the exponent, as the format has it.
    let biased = (power + 1022).max(0) as u64;
    if power + 1023 > 2046 { f64::INFINITY } else { f64::from_bits((biased << 52) + mantissa) }
}

/// An integer, its lowest 32 bits first.
struct Big(Vec<u32>);

impl Big {
    fn times_plus(&mut self, factor: u32, term: u32) {
        let mut carry = u64::from(term);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn double(&mut self, times: i64) {
        (0..times).for_each(|_| self.times_plus(2, 0));
    }

    fn bits(&self) -> i64 {
        let top = self.0.iter().rposition(|&limb| limb > 0).unwrap_or_default();
        32 * top as i64 + 32 - i64::from(self.0[top].leading_zeros())
    }

    fn less(&self, other: &Big) -> bool {
        let limb = |n: &Big, i: usize| n.0.get(i).copied().unwrap_or_default();
        let longest = self.0.len().max(other.0.len());
        let differing = (0..longest).rev().find(|&i| limb(self, i) != limb(other, i));
        differing.is_some_and(|i| limb(self, i) < limb(other, i))
    }

    /// `other` is not larger.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = false;
        for (i, limb) in self.0.iter_mut().enumerate() {
            let (rest, first) = limb.overflowing_sub(other.0.get(i).copied().unwrap_or_default());
            let (rest, second) = rest.overflowing_sub(u32::from(borrow));
            *limb = rest;
            borrow = first || second;
        }
    }
}
