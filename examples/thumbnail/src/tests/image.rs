use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageEncoder, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use crate::thumbnail::*;

const RED: [u8; 3] = [200, 20, 20];
const GREEN: [u8; 3] = [20, 160, 20];
const BLUE: [u8; 3] = [20, 20, 200];
const WHITE: [u8; 3] = [250, 250, 250];
const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

/// Returns an Exif chunk that contains only the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut chunk = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    chunk.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    chunk
}

fn encoded(format: ImageFormat, image: &DynamicImage, orientation: Option<u8>, profile: Option<Vec<u8>>) -> Vec<u8> {
    fn write(mut encoder: impl ImageEncoder, image: &DynamicImage, exif: Option<Vec<u8>>, profile: Option<Vec<u8>>) {
        if let Some(exif) = exif {
            encoder.set_exif_metadata(exif).expect("Exif is supported");
        }
        if let Some(profile) = profile {
            encoder.set_icc_profile(profile).expect("profiles are supported");
        }
        image.write_with_encoder(encoder).expect("encoded");
    }
    let mut file = Vec::new();
    let exif = orientation.map(exif);
    match format {
        ImageFormat::Jpeg => write(JpegEncoder::new_with_quality(&mut file, 95), image, exif, profile),
        ImageFormat::Png => write(PngEncoder::new(&mut file), image, exif, profile),
        _ => write(WebPEncoder::new_lossless(&mut file), image, exif, profile),
    }
    file
}

fn file(format: ImageFormat, image: &DynamicImage) -> Vec<u8> {
    encoded(format, image, None, None)
}

/// Returns an image with red and green quarters above blue and white ones.
fn quarters(width: u32, height: u32) -> DynamicImage {
    let color = |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => GREEN,
        (true, false) => BLUE,
        (false, false) => WHITE,
    };
    RgbImage::from_fn(width, height, |x, y| Rgb(color(x, y))).into()
}

fn made(file: &[u8]) -> Thumbnail {
    make(file, &Limits::default()).expect("a thumbnail")
}

fn error_of(file: &[u8]) -> ThumbnailError {
    make(file, &Limits::default()).expect_err("no thumbnail")
}

fn pixels(thumbnail: &Thumbnail) -> RgbImage {
    image::load_from_memory_with_format(&thumbnail.jpeg, ImageFormat::Jpeg).expect("a JPEG").into_rgb8()
}

#[track_caller]
fn assert_near(found: Rgb<u8>, expected: [u8; 3]) {
    let near = found.0.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) < 24);
    assert!(near, "{:?} is not about {expected:?}", found.0);
}

#[test]
fn each_of_the_eight_orientations_is_turned_upright_in_each_format() {
    // The upright positions of the stored corners: Exif 3.0 (CIPA DC-008), 4.6.5.1.6, tag 274.
    let upright = [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
    ];
    for format in FORMATS {
        for (orientation, corners) in upright {
            let thumbnail = made(&encoded(format, &quarters(400, 200), Some(orientation), None));
            let (width, height) = if orientation < 5 { (256, 128) } else { (128, 256) };
            let image = pixels(&thumbnail);
            assert_eq!(image.dimensions(), (width, height), "{format:?} {orientation}");
            let original = if orientation < 5 { (400, 200) } else { (200, 400) };
            assert_eq!((thumbnail.original_width, thumbnail.original_height), original);
            let (right, bottom) = (width - 9, height - 9);
            for ((x, y), expected) in [(8, 8), (right, 8), (8, bottom), (right, bottom)].into_iter().zip(corners) {
                assert_near(*image.get_pixel(x, y), expected);
            }
        }
    }
}

#[test]
fn an_invalid_orientation_changes_nothing() {
    for orientation in [0, 9, 255] {
        let thumbnail = made(&encoded(ImageFormat::Jpeg, &quarters(400, 200), Some(orientation), None));
        assert_near(*pixels(&thumbnail).get_pixel(8, 8), RED);
    }
}

#[test]
fn the_longer_side_becomes_256_pixels_and_a_small_image_keeps_its_size() {
    for (image, thumbnail) in [
        ((1500, 1000), (256, 171)),
        ((1000, 1500), (171, 256)),
        ((257, 257), (256, 256)),
        ((256, 100), (256, 100)),
        ((3, 2), (3, 2)),
        ((1, 1), (1, 1)),
        ((5000, 1), (256, 1)),
    ] {
        let made = made(&file(ImageFormat::Png, &quarters(image.0, image.1)));
        assert_eq!(pixels(&made).dimensions(), thumbnail, "{image:?}");
    }
}

#[test]
fn the_format_is_detected_from_the_bytes() {
    for (format, content_type) in FORMATS.into_iter().zip(["image/jpeg", "image/png", "image/webp"]) {
        let made = made(&file(format, &quarters(40, 20)));
        assert_eq!((made.content_type, made.original_width, made.original_height), (content_type, 40, 20));
    }
}

#[test]
fn the_same_bytes_give_the_same_thumbnail() {
    let png = file(ImageFormat::Png, &quarters(600, 400));
    assert_eq!(made(&png).jpeg, made(&png).jpeg);
}

#[test]
fn transparency_becomes_white() {
    // Left: transparent black, which must not be visible; middle: half transparent red; right: opaque red.
    let alpha = RgbaImage::from_fn(600, 200, |x, _| match x / 200 {
        0 => Rgba([0, 0, 0, 0]),
        1 => Rgba([255, 0, 0, 128]),
        _ => Rgba([255, 0, 0, 255]),
    });
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let image = pixels(&made(&file(format, &alpha.clone().into())));
        for (x, expected) in [(30, [255, 255, 255]), (128, [255, 127, 127]), (226, [255, 0, 0])] {
            assert_near(*image.get_pixel(x, 40), expected);
        }
    }
}

#[test]
fn a_transparent_color_does_not_affect_its_neighbours() {
    let stripes = RgbaImage::from_fn(2048, 64, |x, _| if x % 2 == 0 { Rgba([0; 4]) } else { Rgba([255; 4]) });
    let image = pixels(&made(&file(ImageFormat::Png, &stripes.into())));
    assert_near(*image.get_pixel(128, 4), [255, 255, 255]);
}

#[test]
fn grey_and_sixteen_bits_are_images_too() {
    let grey = GrayImage::from_pixel(300, 300, Luma([100]));
    let deep = DynamicImage::from(quarters(300, 300).to_rgba16());
    assert_near(*pixels(&made(&file(ImageFormat::Jpeg, &grey.clone().into()))).get_pixel(9, 9), [100; 3]);
    assert_near(*pixels(&made(&file(ImageFormat::Png, &grey.into()))).get_pixel(9, 9), [100; 3]);
    assert_near(*pixels(&made(&file(ImageFormat::Png, &deep))).get_pixel(9, 9), RED);
}

#[test]
fn a_color_profile_is_kept_if_it_fits() {
    let profile = |length: usize, space: &[u8]| {
        let mut profile = vec![0; length];
        profile[16..20].copy_from_slice(space);
        profile
    };
    let kept = |profile: Vec<u8>| {
        let thumbnail = made(&encoded(ImageFormat::Jpeg, &quarters(40, 20), Some(1), Some(profile)));
        let mut decoder = header(&thumbnail.jpeg, ImageFormat::Jpeg).expect("a JPEG");
        assert!(decoder.exif_metadata().expect("a header").is_none(), "the location is removed");
        decoder.icc_profile().expect("a header")
    };
    assert_eq!(kept(profile(548, b"RGB ")), Some(profile(548, b"RGB ")));
    assert_eq!(kept(profile(548, b"CMYK")), None);
    assert_eq!(kept(profile(200_000, b"RGB ")), None);
}

#[test]
fn a_file_that_is_too_large_is_not_decoded() {
    let limits = Limits { bytes: 100, ..Limits::default() };
    let error = make(&[b'x'; 101], &limits).expect_err("one byte too many");
    assert_eq!(error.to_string(), "the file is larger than 100 bytes");
    assert!(matches!(make(&[b'x'; 100], &limits), Err(ThumbnailError::NotAnImage)));
}

#[test]
fn an_image_with_too_many_pixels_is_rejected_in_each_format() {
    for format in FORMATS {
        let file = file(format, &quarters(40, 20));
        let exact = Limits { side: 40, pixels: 800, ..Limits::default() };
        assert!(make(&file, &exact).is_ok(), "{format:?}");
        for limits in [Limits { side: 39, ..exact.clone() }, Limits { pixels: 799, ..exact }] {
            let error = make(&file, &limits).expect_err("too many");
            assert!(matches!(error, ThumbnailError::TooManyPixels { width: 40, height: 20, .. }), "{error}");
        }
    }
}

/// Returns a PNG whose header claims this size.
fn png_with_claimed_size(width: u32, height: u32) -> Vec<u8> {
    let mut png = file(ImageFormat::Png, &GrayImage::new(2, 2).into());
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    // The checksum of IHDR: ISO 3309, as PNG 3, annex D.
    let crc = png[12..29].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    png[29..33].copy_from_slice(&(!crc).to_be_bytes());
    png
}

#[test]
fn a_decompression_bomb_is_rejected_by_its_header() {
    for (width, height) in [(60_000, 60_000), (16_385, 1), (10_000, 4_001)] {
        let bomb = png_with_claimed_size(width, height);
        assert!(bomb.len() < 100);
        let error = error_of(&bomb);
        assert!(matches!(error, ThumbnailError::TooManyPixels { .. }), "{error:?}");
        assert!(error.to_string().starts_with(&format!("the image has {width} x {height} pixels, more than 16384")));
    }
    let error = error_of(&png_with_claimed_size(1 << 30, 1 << 30));
    assert_eq!(error.to_string(), "decoding the image/png exceeds the memory limit");
}

#[test]
fn a_colour_profile_bomb_is_not_decompressed() {
    // The PNG encoder compresses the profile: 100 MB of zeros to a few hundred kB.
    let bomb = encoded(ImageFormat::Png, &quarters(40, 20), None, Some(vec![0; 100_000_000]));
    assert!(bomb.len() < 1_000_000, "{}", bomb.len());
    let mut decoder = header(&bomb, ImageFormat::Png).expect("a header");
    assert_eq!(decoder.icc_profile().expect("a header"), None);
    assert_eq!(made(&bomb).original_width, 40);
}

#[test]
fn a_header_that_claims_more_pixels_than_the_file_has_is_corrupt() {
    let error = error_of(&png_with_claimed_size(1000, 1000));
    assert!(matches!(error, ThumbnailError::Corrupt { content_type: "image/png", .. }), "{error:?}");
}

#[test]
fn an_image_truncated_anywhere_is_an_error_in_each_format() {
    for format in FORMATS {
        let file = encoded(format, &quarters(64, 48), Some(6), None);
        for end in 0..file.len() - 4 {
            // Only bytes after the pixel data may be missing at the end of a PNG or a WebP.
            let cut = make(&file[..end], &Limits::default());
            assert!(cut.is_err() || (format != ImageFormat::Jpeg && end > file.len() - 64), "{format:?} at {end}");
        }
    }
}

#[test]
fn bytes_that_are_changed_anywhere_never_panic() {
    for format in FORMATS {
        let file = encoded(format, &quarters(48, 32), Some(6), None);
        for at in 0..file.len() {
            for value in [0x00, 0x7F, 0xFF] {
                let mut corrupt = file.clone();
                corrupt[at] = value;
                // Some of these are still valid images.
                if let Ok(thumbnail) = make(&corrupt, &Limits { side: 4096, pixels: 1 << 20, ..Limits::default() }) {
                    let (width, height) = pixels(&thumbnail).dimensions();
                    assert!(width.max(height) <= MAX_SIDE);
                }
            }
        }
    }
}

#[test]
fn the_error_of_a_corrupt_image_contains_its_format() {
    for format in FORMATS {
        let mut file = file(format, &quarters(64, 48));
        file.truncate(file.len() / 3);
        let error = error_of(&file);
        assert!(error.to_string().contains(format.to_mime_type()), "{error}");
    }
}

#[test]
fn the_end_of_a_jpeg_is_found_despite_trailing_bytes_and_previews() {
    let jpeg = file(ImageFormat::Jpeg, &quarters(64, 48));
    assert_eq!(made(&[&*jpeg, b"a tail that a phone writes"].concat()).original_width, 64);

    // An APP1 segment that contains an end marker.
    let header = [&jpeg[..2], &[0xFF, 0xE1, 0, 4, 0xFF, 0xD9], &jpeg[2..]].concat();
    assert_eq!(made(&header).original_width, 64);
    assert!(matches!(error_of(&header[..header.len() - 2]), ThumbnailError::Truncated));
}

#[test]
fn other_formats_are_rejected() {
    for file in
        [&b""[..], b"\xFF", b"hello", b"GIF89a\x01\0\x01\0\0\0\0;", b"BM\0\0\0\0", b"<svg xmlns=''/>", b"%PDF-1.7"]
    {
        assert!(matches!(error_of(file), ThumbnailError::NotAnImage), "{file:?}");
    }
}
