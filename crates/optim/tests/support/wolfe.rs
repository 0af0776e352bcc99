//! The strong Wolfe search once more, in one piece.

/// t, loss, slope and gradient.
pub type Look = (f64, f64, f64, Vec<f64>);

/// Nocedal and Wright's algorithms 3.5 (from `first`) and 3.6; what was found, and how many looks it took.
pub fn wolfe(start: Look, first: Look, limit: u64, size: f64, phi: &dyn Fn(f64) -> Look) -> (Look, u64) {
    let armijo = |a: &Look| a.1 <= start.1 + 1e-4 * a.0 * start.2;
    let flat = |a: &Look| a.2.abs() <= -0.9 * start.2;
    let cubic = |a: &Look, b: &Look, least: f64, most: f64| {
        let (a, b) = if a.0 <= b.0 { (a, b) } else { (b, a) };
        let d1 = a.2 + b.2 - 3.0 * (a.1 - b.1) / (a.0 - b.0);
        let square = d1 * d1 - a.2 * b.2;
        if !square.is_finite() || square < 0.0 {
            return (least + most) / 2.0;
        }
        let d2 = square.sqrt();
        (b.0 - (b.0 - a.0) * ((b.2 + d2 - d1) / (b.2 - a.2 + 2.0 * d2))).clamp(least, most)
    };
    let (mut before, mut now, mut n) = (start.clone(), first, 0);
    let mut ends = loop {
        if n == limit {
            let found = if start.1 <= now.1 { start } else { now };
            return (found, n + 1);
        }
        if !armijo(&now) || (n > 1 && now.1 >= before.1) {
            break [before, now];
        }
        if flat(&now) {
            return (now, n + 1);
        }
        if now.2 >= 0.0 {
            break [before, now];
        }
        let t = cubic(&before, &now, now.0 + 0.01 * (now.0 - before.0), 10.0 * now.0);
        before = now;
        now = phi(t);
        n += 1;
    };
    let (mut near, mut low) = (false, usize::from(ends[0].1 > ends[1].1));
    while n < limit && (ends[1].0 - ends[0].0).abs() * size >= 1e-9 {
        let (least, most) = (ends[0].0.min(ends[1].0), ends[0].0.max(ends[1].0));
        let mut t = cubic(&ends[0], &ends[1], least, most);
        let tenth = 0.1 * (most - least);
        if (most - t).min(t - least) >= tenth {
            near = false;
        } else if near || t >= most || t <= least {
            t = if (t - most).abs() < (t - least).abs() { most - tenth } else { least + tenth };
            near = false;
        } else {
            near = true;
        }
        let new = phi(t);
        n += 1;
        let high = 1 - low;
        if !armijo(&new) || new.1 >= ends[low].1 {
            ends[high] = new;
            low = usize::from(ends[0].1 > ends[1].1);
        } else if flat(&new) {
            return (new, n + 1);
        } else {
            if new.2 * (ends[high].0 - ends[low].0) >= 0.0 {
                ends[high] = ends[low].clone();
            }
            ends[low] = new;
        }
    }
    (ends[low].clone(), n + 1)
}
