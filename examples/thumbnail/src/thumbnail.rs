//! Creates thumbnails from image bytes, independent of Lambda and S3.
//!
//! Uploads are untrusted, so the dimensions in the header of an image are checked before any pixel is decoded.
//!
//! ```
//! use thumbnail::thumbnail::{Limits, make};
//!
//! let sample = include_bytes!("../bucket/uploads/sample.jpg");
//! let made = make(sample, &Limits::default())?;
//! assert_eq!((made.width, made.height), (171, 256));
//!
//! let error = make(b"<svg/>", &Limits::default()).expect_err("not supported");
//! assert_eq!(error.to_string(), "not a JPEG, PNG or WebP image");
//! # Ok::<(), thumbnail::thumbnail::ThumbnailError>(())
//! ```

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader};
use thiserror::Error;

/// The maximum length of a thumbnail's longer side in pixels. A smaller image keeps its size.
pub const MAX_SIDE: u32 = 256;

/// The JPEG quality, from 1 to 100.
const QUALITY: u8 = 80;

/// The maximum size of a colour profile that is copied to the thumbnail, in bytes. Camera profiles have some hundred
/// bytes, printer profiles some hundred thousand.
const MAX_PROFILE_BYTES: usize = 16 * 1024;

/// The maximum memory for decoding a header, in bytes: the colour profile of a PNG is compressed and could be a bomb
/// itself.
const MAX_HEADER_MEMORY: u64 = 64 * 1024 * 1024;

/// The limits for an image. With the default, decoding needs less than 700 MB of memory in every format: 16 bits for
/// each of four channels per pixel, or a WebP frame larger than its header states (the format allows at most 16,383
/// pixels per side).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Maximum size of the file in bytes.
    pub bytes: u64,
    /// Maximum length of the longer side in pixels.
    pub side: u32,
    /// Maximum number of pixels.
    pub pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 20 * 1024 * 1024, side: 16_384, pixels: 40_000_000 }
    }
}

/// A thumbnail, and the dimensions of its original.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// The JPEG file. It contains the colour profile of the image, but no other metadata such as location or camera.
    pub jpeg: Vec<u8>,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The dimensions of the original image, upright.
    pub original: Dimensions,
}

/// The format and dimensions of an image, from its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimensions {
    /// `image/jpeg`, `image/png` or `image/webp`, detected from the bytes instead of the name.
    pub content_type: &'static str,
    /// The width in pixels, with the orientation applied.
    pub width: u32,
    /// The height in pixels, with the orientation applied.
    pub height: u32,
}

/// The reason why no thumbnail can be created. All of them are permanent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ThumbnailError {
    /// The file is too large and was not read.
    #[error("the file is larger than {limit} bytes")]
    TooManyBytes {
        /// The limit.
        limit: u64,
    },
    /// The image is too large and was not decoded.
    #[error("the image has {width} x {height} pixels, more than {} per side or {} in total", .limits.side, .limits.pixels)]
    TooManyPixels {
        /// The width in the header.
        width: u32,
        /// The height in the header.
        height: u32,
        /// The limit.
        limits: Limits,
    },
    /// Decoding would exceed the memory limit.
    #[error("the {content_type} exceeds the memory limit")]
    TooMuchMemory {
        /// The detected format.
        content_type: &'static str,
        /// The error of the decoder.
        source: ImageError,
    },
    /// The first bytes are of another format.
    #[error("not a JPEG, PNG or WebP image")]
    NotAnImage,
    /// The content is invalid.
    #[error("the {content_type} is corrupt")]
    Corrupt {
        /// The detected format.
        content_type: &'static str,
        /// The error of the decoder.
        source: ImageError,
    },
    /// The end of the file is missing, which some decoders would render as grey.
    #[error("truncated JPEG")]
    Truncated,
}

/// Creates the thumbnail of an image as a JPEG: upright, its longer side at most [`MAX_SIDE`] pixels, on a white
/// background, and with the first frame of an animation. The result is deterministic.
///
/// This is CPU-bound and may take seconds: do not call it on an async worker thread.
///
/// # Errors
///
/// [`ThumbnailError`] if the file is corrupt, too large or not a supported image.
pub fn make(file: &[u8], limits: &Limits) -> Result<Thumbnail, ThumbnailError> {
    if file.len() as u64 > limits.bytes {
        return Err(ThumbnailError::TooManyBytes { limit: limits.bytes });
    }
    let format = image::guess_format(file).map_err(|_| ThumbnailError::NotAnImage)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(ThumbnailError::NotAnImage);
    }
    let content_type = format.to_mime_type();
    let corrupt = |source| match source {
        ImageError::Limits(_) => ThumbnailError::TooMuchMemory { content_type, source },
        _ => ThumbnailError::Corrupt { content_type, source },
    };

    let mut decoder = header(file, format).map_err(corrupt)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits.side || u64::from(width) * u64::from(height) > limits.pixels {
        return Err(ThumbnailError::TooManyPixels { width, height, limits: limits.clone() });
    }
    if format == ImageFormat::Jpeg && !has_end(file) {
        return Err(ThumbnailError::Truncated);
    }
    decoder.set_limits(limits.for_decoder()).map_err(corrupt)?;
    let orientation = decoder.orientation().map_err(corrupt)?;
    let profile = decoder.icc_profile().map_err(corrupt)?.filter(|profile| fits_a_jpeg(profile));

    let mut image = scaled(on_white(DynamicImage::from_decoder(decoder).map_err(corrupt)?));
    // After scaling: rotating a large image would need memory for a second one.
    image.apply_orientation(orientation);
    let jpeg = encode(&image, profile).map_err(corrupt)?;
    let (width, height) = if is_sideways(orientation) { (height, width) } else { (width, height) };
    let original = Dimensions { content_type, width, height };
    Ok(Thumbnail { jpeg, width: image.width(), height: image.height(), original })
}

/// Returns a decoder that has only read the header.
fn header(file: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(MAX_HEADER_MEMORY);
    reader.limits(limits);
    reader.into_decoder()
}

impl Limits {
    fn for_decoder(&self) -> image::Limits {
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(self.side);
        limits.max_image_height = Some(self.side);
        // A pixel takes at most eight bytes.
        limits.max_alloc = Some(self.pixels.saturating_mul(8));
        limits
    }
}

/// Returns `true` if the end marker (FF D9) follows the header. Within a scan, FF D9 occurs only as the marker (ITU-T
/// T.81, B.1.1.5), while a header may contain a preview image with its own end marker.
fn has_end(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    loop {
        rest = match *rest {
            [0xFF, 0xDA, ..] => return rest.windows(2).any(|two| two == [0xFF, 0xD9]),
            // A segment: its marker and its length, which includes the two bytes of the length itself.
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

/// Returns `true` if a colour profile is small and for RGB, since the thumbnail is always RGB. The colour space field
/// is specified in ICC.1:2022, 7.2.6.
fn fits_a_jpeg(profile: &[u8]) -> bool {
    profile.len() <= MAX_PROFILE_BYTES && profile.get(16..20) == Some(b"RGB ")
}

/// Replaces transparency with white. Must run before scaling, since the colour of a transparent pixel is undefined and
/// must not affect its neighbours.
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

/// Scales in two steps: a fast one to roughly the size, and a high-quality one to the exact size.
fn scaled(image: DynamicImage) -> DynamicImage {
    let longer = |image: &DynamicImage| image.width().max(image.height());
    let image = if longer(&image) > 4 * MAX_SIDE { image.thumbnail(2 * MAX_SIDE, 2 * MAX_SIDE) } else { image };
    if longer(&image) > MAX_SIDE {
        image.resize(MAX_SIDE, MAX_SIDE, image::imageops::FilterType::Lanczos3)
    } else {
        image
    }
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
