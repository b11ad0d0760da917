from . import payment_register
