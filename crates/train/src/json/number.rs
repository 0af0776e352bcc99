//! Decimal numbers to the nearest f64, ties to even, and back to the fewest digits that will do: both by integers of any
//! length, which is the definition itself in a page, where the standard library's faster ways bring 20 KB of code and tables.
//! A number of a description takes microseconds.

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
        exponent = exponent.saturating_add(rest.len() as i64 - 1);
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

/// As JavaScript writes it: the fewest digits that read back to the same bits, with an exponent beyond 1e-7 and 1e21.
/// (At a power of two, where the neighbours are not equally far, sometimes a digit more.) `x` is finite.
pub fn format(x: f64) -> String {
    let size = x.abs();
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if size < 9e15 && size == size.trunc() {
        return [sign, &(size as u64).to_string()].concat();
    }
    let (digits, magnitude) = shortest(size);
    let mut text: String = digits.iter().map(|&d| char::from(b'0' + d)).collect();
    // The point stands after so many digits.
    match magnitude {
        1..=21 => match text.len() as i64 {
            n if n > magnitude => text.insert(magnitude as usize, '.'),
            n => text.push_str(&"0".repeat((magnitude - n) as usize)),
        },
        -5..=0 => text.insert_str(0, &["0.", &"0".repeat(-magnitude as usize)].concat()),
        _ => {
            if text.len() > 1 {
                text.insert(1, '.');
            }
            text.push_str(if magnitude > 0 { "e+" } else { "e-" });
            text.push_str(&(magnitude - 1).unsigned_abs().to_string());
        }
    }
    [sign, &text].concat()
}

/// Digits d and magnitude m with 0.d × 10^m = `x` > 0, to the last bit.
fn shortest(x: f64) -> (Vec<u8>, i64) {
    let (bits, field) = (x.to_bits() & ((1 << 52) - 1), (x.to_bits() >> 52) as i64);
    let (mantissa, power) = if field == 0 { (bits, -1074) } else { (bits | 1 << 52, field - 1075) };
    let (mut top, mut bottom) = (Big(vec![mantissa as u32, (mantissa >> 32) as u32]), Big(vec![1]));
    if power > 0 {
        top.double(power)
    } else {
        bottom.double(-power)
    }
    // Between 0.1 and 1: ten times it is the first digit and what follows.
    let mut magnitude = 0;
    while !top.less(&bottom) {
        bottom.times_plus(10, 0);
        magnitude += 1;
    }
    let mut digits = Vec::new();
    while digits.len() < 18 {
        top.times_plus(10, 0);
        let mut digit = 0;
        while !top.less(&bottom) {
            top.subtract(&bottom);
            digit += 1;
        }
        if digits.is_empty() && digit == 0 {
            magnitude -= 1;
        } else {
            digits.push(digit);
        }
    }
    for length in 1..=17 {
        let (mut rounded, mut magnitude) = (digits[..length].to_vec(), magnitude);
        if digits[length] >= 5 {
            while rounded.last() == Some(&9) {
                rounded.pop();
            }
            match rounded.last_mut() {
                Some(last) => *last += 1,
                None => {
                    rounded.push(1);
                    magnitude += 1;
                }
            }
        }
        if round(&rounded, magnitude - rounded.len() as i64) == x {
            return (rounded, magnitude);
        }
    }
    unreachable!("17 digits tell every f64 from its neighbours")
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
