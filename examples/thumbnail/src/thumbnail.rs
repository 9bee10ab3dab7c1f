//! The bytes of an image in, those of its thumbnail out: no Lambda, no bucket.
//!
//! Whoever may upload may upload anything, so an image is measured by its header before one pixel of it is decoded.
//!
//! ```
//! use thumbnail::thumbnail::{Limits, make};
//!
//! let sample = include_bytes!("../bucket/uploads/sample.jpg");
//! let made = make(sample, &Limits::default())?;
//! assert_eq!((made.width, made.height), (171, 256));
//!
//! let refused = make(b"<svg/>", &Limits::default()).expect_err("it is none");
//! assert_eq!(refused.to_string(), "this is no JPEG, PNG or WebP");
//! # Ok::<(), thumbnail::thumbnail::ThumbnailError>(())
//! ```

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader};
use thiserror::Error;

/// The longer side of a thumbnail in pixels. A smaller image keeps its size.
pub const SIDE: u32 = 256;

const QUALITY: u8 = 80;

/// Longest colour profile that a thumbnail takes over, in bytes: a camera's has some hundreds, a printer's some hundred thousand.
const LONGEST_PROFILE: usize = 16 * 1024;

/// What a PNG's header may take, in bytes: its colour profile is compressed, and could be a bomb itself.
const HEADER_MEMORY: u64 = 64 * 1024 * 1024;

/// How much an image may ask for. The default needs less than 700 MB of memory, whatever the format: 16 bits of four
/// channels of each pixel, or a WebP's frame that is larger than its header says (its format ends at 16,383 pixels a side).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels of the longer side.
    pub side: u32,
    /// Pixels in all.
    pub pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 20 * 1024 * 1024, side: 16_384, pixels: 40_000_000 }
    }
}

/// A thumbnail, and what its image was.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// The file. It has the image's colour profile, and none of its other metadata: no place, no camera.
    pub jpeg: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The image, upright.
    pub of: Measures,
}

/// What an image's header says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// `image/jpeg`, `image/png` or `image/webp`, by its bytes and not by its name.
    pub content_type: &'static str,
    /// Pixels from left to right, as one looks at it.
    pub width: u32,
    /// Pixels from top to bottom, as one looks at it.
    pub height: u32,
}

/// There is no thumbnail of this, and will not be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ThumbnailError {
    /// The file is too large; it was not read.
    #[error("the file is larger than {limit} bytes")]
    TooManyBytes {
        /// What is allowed.
        limit: u64,
    },
    /// The image is too large; it was not decoded.
    #[error("the image has {width} x {height} pixels, more than {} on a side or {} in all", .limits.side, .limits.pixels)]
    TooManyPixels {
        /// By its header.
        width: u32,
        /// By its header.
        height: u32,
        /// What is allowed.
        limits: Limits,
    },
    /// Its header asks for more memory than it may.
    #[error("the {content_type} needs more memory than is allowed")]
    TooMuchMemory {
        /// What it begins as.
        content_type: &'static str,
        /// What the decoder says.
        source: ImageError,
    },
    /// By its first bytes it is something else.
    #[error("this is no JPEG, PNG or WebP")]
    NotAnImage,
    /// It begins well.
    #[error("the {content_type} is broken")]
    Broken {
        /// What it begins as.
        content_type: &'static str,
        /// What the decoder says.
        source: ImageError,
    },
    /// The end of the file is missing, which some decoders would take for grey.
    #[error("the image/jpeg has no end: it was cut off")]
    CutOff,
}

/// Makes the thumbnail of an image, as a JPEG: upright, at most [`SIDE`] long, white where the image is transparent. Of an
/// animation it shows the first frame. The same bytes always give the same thumbnail.
///
/// This is work for the CPU, up to seconds: call it where nothing waits for the thread.
///
/// # Errors
///
/// [`ThumbnailError`]: the image is broken, too large, or none.
pub fn make(file: &[u8], limits: &Limits) -> Result<Thumbnail, ThumbnailError> {
    if file.len() as u64 > limits.bytes {
        return Err(ThumbnailError::TooManyBytes { limit: limits.bytes });
    }
    let format = image::guess_format(file).map_err(|_| ThumbnailError::NotAnImage)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(ThumbnailError::NotAnImage);
    }
    let content_type = format.to_mime_type();
    let broken = |source| match source {
        ImageError::Limits(_) => ThumbnailError::TooMuchMemory { content_type, source },
        _ => ThumbnailError::Broken { content_type, source },
    };

    let mut decoder = header(file, format).map_err(broken)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits.side || u64::from(width) * u64::from(height) > limits.pixels {
        return Err(ThumbnailError::TooManyPixels { width, height, limits: limits.clone() });
    }
    if format == ImageFormat::Jpeg && !has_end(file) {
        return Err(ThumbnailError::CutOff);
    }
    decoder.set_limits(limits.of_decoder()).map_err(broken)?;
    let orientation = decoder.orientation().map_err(broken)?;
    let profile = decoder.icc_profile().map_err(broken)?.filter(|profile| fits_a_jpeg(profile));

    let mut image = scaled(on_white(DynamicImage::from_decoder(decoder).map_err(broken)?));
    // After scaling: to turn a large image takes another large image.
    image.apply_orientation(orientation);
    let jpeg = encode(&image, profile).map_err(broken)?;
    let (width, height) = if is_sideways(orientation) { (height, width) } else { (width, height) };
    let of = Measures { content_type, width, height };
    Ok(Thumbnail { jpeg, width: image.width(), height: image.height(), of })
}

/// A decoder that has read the header, and no more.
fn header(file: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(HEADER_MEMORY);
    reader.limits(limits);
    reader.into_decoder()
}

impl Limits {
    fn of_decoder(&self) -> image::Limits {
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(self.side);
        limits.max_image_height = Some(self.side);
        // No pixel takes more than eight bytes.
        limits.max_alloc = Some(self.pixels.saturating_mul(8));
        limits
    }
}

/// Whether the end marker (FF D9) comes after the header. Within a scan, FF is never followed by D9 otherwise (ITU-T T.81, B.1.1.5),
/// while a header may hold a small image that has an end of its own.
fn has_end(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    loop {
        rest = match *rest {
            [0xFF, 0xDA, ..] => return rest.windows(2).any(|two| two == [0xFF, 0xD9]),
            // A segment: its marker, and its length, which counts itself.
            [0xFF, 0x01..=0xFE, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                rest.get(2 + length..).unwrap_or_default()
            }
            // Bytes between segments that decoders skip.
            [_, ..] => &rest[1..],
            [] => return false,
        }
    }
}

/// Whether a colour profile is one of RGB, which the thumbnail has whatever its image had, and short.
/// Where it says so: ICC.1:2022, 7.2.6.
fn fits_a_jpeg(profile: &[u8]) -> bool {
    profile.len() <= LONGEST_PROFILE && profile.get(16..20) == Some(b"RGB ")
}

/// A JPEG has no transparency. Before scaling, since the colour of a transparent pixel means nothing and must not run into its
/// neighbours.
fn on_white(image: DynamicImage) -> DynamicImage {
    if !image.has_alpha() {
        return image;
    }
    let mut image = image.into_rgba8();
    for image::Rgba([red, green, blue, alpha]) in image.pixels_mut() {
        for channel in [red, green, blue] {
            let (ink, paper) = (u16::from(*channel) * u16::from(*alpha), 255 * (255 - u16::from(*alpha)));
            *channel = u8::try_from((ink + paper + 127) / 255).unwrap_or(u8::MAX);
        }
        *alpha = u8::MAX;
    }
    image.into()
}

/// In two steps: a quick one to about the size, and a good one to the size.
fn scaled(image: DynamicImage) -> DynamicImage {
    let longer = |image: &DynamicImage| image.width().max(image.height());
    let image = if longer(&image) > 4 * SIDE { image.thumbnail(2 * SIDE, 2 * SIDE) } else { image };
    if longer(&image) > SIDE { image.resize(SIDE, SIDE, image::imageops::FilterType::Lanczos3) } else { image }
}

fn is_sideways(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH)
}

fn encode(image: &DynamicImage, profile: Option<Vec<u8>>) -> Result<Vec<u8>, ImageError> {
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).map_err(ImageError::Unsupported)?;
    }
    encoder.write_image(&image.to_rgb8(), image.width(), image.height(), ExtendedColorType::Rgb8)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests;
