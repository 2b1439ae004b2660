<?php
/**
 * Plugin Name: One Reply
 * Description: The replies below posts are One Reply's.
 *
 * Copy this file and the folder beside it to wp-content/mu-plugins/, and say in wp-config.php:
 *
 *     define('ONEREPLY_URL', 'https://comments.example');  // where readers' browsers find One Reply
 *     define('ONEREPLY_SITE', 'gazette');
 *     define('ONEREPLY_SECRET', 'whsec_…');                // onereply site secret gazette article-webhooks
 *
 * The article's id there is the post's number. "Allow comments" turns its comments on and off.
 */

namespace OneReply;

use WP_Post;

add_filter('comments_template', fn () => __DIR__ . '/onereply/comments.php'); // classic themes
add_filter('render_block_core/comments', fn () => thread(get_post())); // block themes
add_filter('comments_number', fn ($text) => count_of(get_post()) ?: $text);
add_action('wp_after_insert_post', __NAMESPACE__ . '\after_insert', 10, 4);
add_action('deleted_post', fn ($id, $post) => has_thread($post) && tell('article.deleted', ['article' => "$id"]), 10, 2);
add_action('onereply_send', __NAMESPACE__ . '\send');

/** Whether readers have comments there: nobody hears of what has a password. */
function has_thread(?WP_Post $post): bool
{
    return $post && post_type_supports($post->post_type, 'comments') && $post->post_type !== 'attachment';
}

function is_public(?WP_Post $post): bool
{
    return has_thread($post) && $post->post_status === 'publish' && $post->post_password === '';
}

/** The thread: rendered by One Reply for search engines and browsers without script, then taken over by the embed. */
function thread(?WP_Post $post): string
{
    if (!is_public($post)) {
        return '';
    }
    $language = get_bloginfo('language');
    $kept = "onereply_{$post->ID}_$language";
    $html = get_transient($kept);
    if ($html === false) {
        $html = rendered($post->ID, $language);
        if ($html === null) { // published before One Reply was there
            tell('article.published', facts_of($post));
            $html = rendered($post->ID, $language);
        }
        set_transient($kept, $html ?? '', 10); // seconds; the embed shows what came since
    }
    $names = sprintf('site="%s" article="%d" lang="%s"', esc_attr(ONEREPLY_SITE), $post->ID, esc_attr($language));
    wp_enqueue_style('onereply', ONEREPLY_URL . '/static/thread.css', [], null);
    return script() . "<comment-thread $names>$html</comment-thread>";
}

/** The HTML of a thread; null where One Reply knows of none, empty where it does not answer. */
function rendered(int $article, string $language): ?string
{
    $path = sprintf('%s/v1/sites/%s/threads/%d/comments.html', ONEREPLY_URL, ONEREPLY_SITE, $article);
    $answer = wp_remote_get($path, ['timeout' => 1, 'headers' => ['Accept-Language' => $language]]);
    return match (wp_remote_retrieve_response_code($answer)) {
        200 => wp_remote_retrieve_body($answer),
        404 => null,
        default => '',
    };
}

function count_of(?WP_Post $post): string
{
    if (!is_public($post)) {
        return '';
    }
    return script() . sprintf('<comment-count site="%s" article="%d"></comment-count>', ONEREPLY_SITE, $post->ID);
}

function script(): string
{
    return sprintf('<script type="module" src="%s/embed.js"></script>', esc_url(ONEREPLY_URL)); // runs once
}

function after_insert(int $id, WP_Post $post, bool $update, ?WP_Post $before): void
{
    $was_public = is_public($before);
    if (is_public($post)) {
        tell($was_public ? 'article.updated' : 'article.published', facts_of($post));
    } elseif ($was_public) {
        tell('article.withdrawn', ['article' => "$id"]);
    }
}

function facts_of(WP_Post $post): array
{
    return [
        'article' => "$post->ID",
        'title' => html_entity_decode(wp_strip_all_tags(get_the_title($post)), ENT_QUOTES, 'UTF-8') ?: "$post->ID",
        'url' => get_permalink($post),
        'published_at' => get_post_time('c', true, $post),
        'comments_on' => $post->comment_status === 'open',
    ];
}

function tell(string $type, array $article): void
{
    $now = (new \DateTimeImmutable())->format('Y-m-d\TH:i:s.uP');
    send(wp_json_encode(['type' => $type, 'timestamp' => $now, 'data' => $article]));
}

/** Send news, signed as Standard Webhooks 1.0 says; what does not arrive is sent again in a minute, by WP-Cron. */
function send(string $news): void
{
    $id = 'wordpress-' . hash('sha256', $news);
    $time = time();
    $secret = base64_decode(substr(ONEREPLY_SECRET, strlen('whsec_')));
    $signature = base64_encode(hash_hmac('sha256', "$id.$time.$news", $secret, true));
    $answer = wp_remote_post(ONEREPLY_URL . '/v1/sites/' . ONEREPLY_SITE . '/webhooks/articles', [
        'timeout' => 5,
        'body' => $news,
        'headers' => [
            'Content-Type' => 'application/json',
            'webhook-id' => $id,
            'webhook-timestamp' => $time,
            'webhook-signature' => "v1,$signature",
        ],
    ]);
    $status = wp_remote_retrieve_response_code($answer);
    if ($status === '' || $status === 429 || $status >= 500) {
        wp_schedule_single_event($time + 60, 'onereply_send', [$news]);
    } elseif ($status >= 400) {
        error_log("One Reply did not take $news: " . wp_remote_retrieve_body($answer));
    }
}
