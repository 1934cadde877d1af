export const shell = {
  'nav.label': 'Pages',
  'nav.skip': 'Skip to content',
  'nav.now': 'Now',
  'nav.history': 'History',
  'nav.energy': 'Energy & cost',
  'nav.system': 'System',

  'site.choose': 'Site: {name}. Select another',
  'site.none': 'No site yet',
  'site.none_hint': 'A site is created with the first reading.',

  'history_notice.unavailable':
    'The history is incomplete: store {store} has been unavailable since {time}. The missing data returns when the store recovers.',
  'history_notice.gap':
    'The history is incomplete: store {store} lacks readings that arrived before {time}. You can backfill it from another store on the System page.',
  'menu.label': 'Preferences',
  'menu.theme': 'Theme',
  'menu.language': 'Language',
  'menu.sign_out': 'Sign out',
  'theme.system': 'System',
  'theme.light': 'Light',
  'theme.dark': 'Dark',

  'action.newest': 'Go to the newest data: {day}',
  'action.retry': 'Try again',
  'action.close': 'Close',
  'action.done': 'Done',
  'action.cancel': 'Cancel',
  'action.save': 'Save',
  'action.add': 'Add',
  'action.edit': 'Edit',
  'action.delete': 'Delete',
  'action.copy': 'Copy',
  'action.copied': 'Copied',

  loading: 'Loading',
  'error.title': 'This content could not be loaded',
  'error.unreachable': 'The server does not respond',
  'error.unreachable_hint': 'Check that Wattkeeper is running and that this device can reach it.',
  'error.recovers': 'Check that Wattkeeper is running. This page reloads when the server responds.',
  'nav.more': 'More',
  'stale.as_of': 'As of {time}: refresh failed ({reason}).',

  'not_found.title': 'Page not found',
  'not_found.hint': 'The address may be mistyped, or the page no longer exists.',
  'not_found.home': 'Go to Now',

  'sign_in.title': 'Sign in',
  'sign_in.with_link': 'Signing in with your link …',
  'sign_in.username': 'User name',
  'sign_in.password': 'Password',
  'sign_in.submit': 'Sign in',
  'sign_in.link_title': 'No password yet, or sign-in link expired?',
  'sign_in.link_hint':
    'A sign-in link works once and for a short time. To get a new one, run this command where Wattkeeper is installed:',
  'sign_in.link_restart': 'Restarting Wattkeeper also prints a new link.',
} as const;
