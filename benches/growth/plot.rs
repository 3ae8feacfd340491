//! The curves as a picture: `docs/growth.svg`, both axes logarithmic.

use std::ops::Range;
use std::{iter, slice};

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::{Curve, Panel};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/growth.svg");
const SIZE: (u32, u32) = (1080, 360);
const COLORS: [RGBColor; 3] = [
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x77, 0x77, 0x77),
];

pub(crate) fn draw(panels: &[Panel; 3]) {
    let picture = SVGBackend::new(FILE, SIZE).into_drawing_area();
    picture.fill(&WHITE).unwrap();
    // What is of one size has one scale, so that the panels can be compared.
    let (bodies, counters) = panels.split_first().unwrap();
    let decades =
        iter::once(decades(slice::from_ref(bodies))).chain(iter::repeat(decades(counters)));
    let areas = picture.split_evenly((1, panels.len()));
    for ((area, panel), decades) in areas.iter().zip(panels).zip(decades) {
        draw_panel(area, panel, decades);
    }
    picture.present().unwrap();
}

/// The whole decades that all times of the panels are in, so that the height of a curve says something.
fn decades(panels: &[Panel]) -> Range<f64> {
    let points = panels
        .iter()
        .flat_map(|panel| &panel.curves)
        .flat_map(points);
    let (lowest, highest) = ends(&points.map(|(_, micros)| micros).collect::<Vec<_>>());
    // A little more, so that the lowest decade has its mark, however it is rounded.
    0.999 * 10f64.powf(lowest.log10().floor())..10f64.powf(highest.log10().ceil())
}

fn draw_panel(area: &DrawingArea<SVGBackend<'_>, Shift>, panel: &Panel, decades: Range<f64>) {
    let amounts: Vec<f64> = panel
        .curves
        .iter()
        .flat_map(points)
        .map(|(amount, _)| amount)
        .collect();
    let (least, most) = ends(&amounts);
    let amounts = (least..most).log_scale().base(panel.base);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 16))
        .margin(10)
        .margin_right(40)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d(amounts, decades.log_scale())
        .unwrap();
    let amount = panel.amount;
    chart
        .configure_mesh()
        .label_style(("sans-serif", 13))
        .light_line_style(WHITE)
        .x_labels(4)
        .x_label_formatter(&|at| amount(*at as u64))
        .y_label_formatter(&|at| time(*at))
        .draw()
        .unwrap();
    for (curve, color) in panel.curves.iter().zip(COLORS) {
        chart
            .draw_series(LineSeries::new(points(curve), color.stroke_width(2)).point_size(3))
            .unwrap()
            .label(curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .draw()
        .unwrap();
}

/// Amounts, and microseconds.
fn points(curve: &Curve) -> impl Iterator<Item = (f64, f64)> {
    let points = curve.points.iter();
    points.map(|(amount, time)| (*amount as f64, time.as_secs_f64() * 1e6))
}

fn ends(figures: &[f64]) -> (f64, f64) {
    let least = figures.iter().copied().fold(f64::MAX, f64::min);
    let most = figures.iter().copied().fold(f64::MIN, f64::max);
    (least, most)
}

fn time(micros: f64) -> String {
    match micros {
        micros if micros < 1e3 => format!("{micros} µs"),
        micros if micros < 1e6 => format!("{} ms", micros / 1e3),
        micros => format!("{} s", micros / 1e6),
    }
}
